"""The gateway's settings, read once from the environment and `.env`; README's table is tested against these lines."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from argus_wfm.gateway.identity.keys import SHORTEST_SECRET
from argus_wfm.gateway.queue.recurrence import rule


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one line naming it."""


class Settings(BaseSettings):
    """Every field is ARGUS_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="ARGUS_", env_file=".env", extra="ignore", frozen=True)

    zup_url: str = Field(pattern=r"^https?://[^/]+", description="1C ZUP, up to and including /services/personnel.")
    zup_user: str = Field(min_length=1, description="The gateway's user in 1C ZUP.")
    zup_password: SecretStr = Field(description="Its password; never logged.")
    user: str = Field(min_length=1, description="The user that callers of the personnel API present.")
    password: SecretStr = Field(description="Their password; never logged.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8090, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    call_timeout_s: float = Field(
        default=30, gt=0, le=30, description="Seconds for one call to 1C in all, slow bodies included."
    )
    breaker_failures: int = Field(
        default=5, ge=1, description="Failures of 1C in a row after which it is not asked for a while."
    )
    breaker_reset_s: float = Field(
        default=60, gt=0, description="Seconds until one call is let through to see whether 1C is back."
    )
    api_cache_s: float = Field(
        default=300, ge=0, description="Seconds that a GET reply of 1C is served again; 0 turns it off."
    )
    api_cache_entries: int = Field(default=256, ge=1, description="Replies kept at most; the oldest goes first.")
    session_key: SecretStr | None = Field(
        default=None, description="Signs x-session-id; the same on every process. Random if unset."
    )
    employee_cache_s: float = Field(default=3600, ge=0, description="Seconds that an employee of Central is kept.")
    calendar_cache_s: float = Field(default=86400, ge=0, description="Seconds that a norm of 1C is served again.")
    redis_url: str | None = Field(
        default=None,
        pattern="^rediss?://",
        repr=False,
        description="Caches that several processes share; each its own if unset.",
    )
    database_url: str = Field(
        default="",
        repr=False,
        description="sqlite:///file or postgresql://user@host/name; a file in the user's data folder if unset.",
    )
    token_key: SecretStr | None = Field(
        default=None, description="Signs tokens, 32 bytes at least; without it the operations API lets nobody in."
    )
    token_keys: Path | None = Field(
        default=None,
        description="Folder of private keys (PEM: P-256, Ed25519, RSA); the last by name signs, all verify.",
    )
    ldap_url: str = Field(
        default="", pattern="^(ldaps?://[^/]+.*)?$", description="The directory; ldaps:// or ldap:// with StartTLS."
    )
    ldap_user: str = Field(default="", description="DN of the service account that searches the directory.")
    ldap_password: SecretStr | None = Field(default=None, description="Its password; never logged.")
    ldap_base: str = Field(default="ou=employees,dc=company,dc=ru", description="Base DN of the people.")
    ldap_start_tls: bool = Field(default=False, description="Encrypt an ldap:// connection (StartTLS).")
    ldap_ca_file: str = Field(
        default="", description="Certificates (PEM) that the directory's is checked against; the system's if unset."
    )
    ldap_timeout_s: float = Field(default=10, gt=0, le=30, description="Seconds for one login in all.")
    login_failures: int = Field(default=5, ge=1, description="Wrong passwords in a row after which a name is locked.")
    login_lock_s: float = Field(default=900, gt=0, description="Seconds in which they count, and that it stays locked.")
    worker_concurrency: int = Field(
        default=4, ge=0, le=100, description="Operations of the queue that this process runs at once; 0 runs none."
    )
    report_keep_h: float = Field(default=72, gt=0, description="Hours that the file of a report is kept.")
    report_certificate: Path | None = Field(
        default=None, description="Certificate (PEM, its chain behind it) that PDF reports are signed with."
    )
    report_key: Path | None = Field(default=None, description="Its private key (PEM).")
    report_key_password: SecretStr | None = Field(default=None, description="Password of that key; never logged.")
    stop_grace_s: float = Field(
        default=10, ge=0, description="Seconds that running operations get when the process stops."
    )
    sync_shrinkage: float = Field(
        default=0.2, ge=0, le=1, description="Share of the active staff that may be missing in a sync."
    )
    sites: Path | None = Field(
        default=None, description="TOML or JSON with the sites; the seed's four with the mock's departments if unset."
    )
    actuals_late_s: float = Field(
        default=14400, gt=0, description="Seconds after a shift's end from which its actual work time is late."
    )
    sync_schedule: str = Field(
        default="monthly last saturday 01:30",
        description="When the personnel sync runs, in Moscow time: daily, weekly or monthly (as above), or off.",
    )
    stream_sockets: int = Field(
        default=50, ge=1, description="Sockets of the agent status stream that one token may hold at this process."
    )
    stream_backlog_kib: int = Field(
        default=256, ge=1, description="KiB that may wait for a subscriber; one that reads too slowly is closed (1013)."
    )
    stream_heartbeat_s: float = Field(
        default=15, gt=0, description="Seconds between two heartbeats of the extended stream."
    )
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level of the JSON log."
    )

    @field_validator("zup_url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        try:
            _ = urlsplit(url).port
        except ValueError as error:
            raise ValueError(f"is no URL: {error}") from error
        return url

    @field_validator("sync_schedule")
    @classmethod
    def _is_schedule(cls, text: str) -> str:
        rule(text)
        return text

    @model_validator(mode="after")
    def _one_way_of_signing(self) -> Settings:
        if self.token_key and self.token_keys:
            raise ValueError("ARGUS_TOKEN_KEY and ARGUS_TOKEN_KEYS are two ways of signing; set one")
        return self

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Settings:
        if bool(self.report_certificate) != bool(self.report_key):
            raise ValueError("ARGUS_REPORT_CERTIFICATE and ARGUS_REPORT_KEY belong together; set both or none")
        return self

    @field_validator("token_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value().encode()) < SHORTEST_SECRET:
            raise ValueError(f"is shorter than {SHORTEST_SECRET} bytes")
        return key


class ExplicitSettings(Settings):
    """Settings that are all given in code: neither the environment nor `.env` is asked."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the constructor got, and nothing else."""
        return (init_settings,)


def read() -> Settings:
    """Settings of this process. Raises SettingsError with one line that names every setting at fault."""
    try:
        return Settings()  # type: ignore[call-arg]  # fields come from the environment
    except ValidationError as error:
        faults = [
            f"ARGUS_{str(fault['loc'][0]).upper()}: {_reason(fault['type'], fault['msg'])}"
            if fault["loc"]
            else _said(fault)
            for fault in error.errors()
        ]
        raise SettingsError("; ".join(faults)) from error


def _said(fault: ErrorDetails) -> str:
    """Of several settings together: its own words name them."""
    return fault["msg"].removeprefix("Value error, ")


def _reason(kind: str, message: str) -> str:
    return "not set (in the environment or in .env)" if kind == "missing" else message.lower()
