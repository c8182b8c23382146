"""The gateway's settings, read once from the environment and `.env`; README's table is tested against these lines."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.auth import SHORTEST_KEY


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
    worker_concurrency: int = Field(
        default=4, ge=0, le=100, description="Operations of the queue that this process runs at once; 0 runs none."
    )
    stop_grace_s: float = Field(
        default=10, ge=0, description="Seconds that running operations get when the process stops."
    )
    sync_shrinkage: float = Field(
        default=0.2, ge=0, le=1, description="Share of the active staff that may be missing in a sync."
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

    @field_validator("token_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value().encode()) < SHORTEST_KEY:
            raise ValueError(f"is shorter than {SHORTEST_KEY} bytes")
        return key


class Given(Settings):
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
            f"ARGUS_{str(fault['loc'][0]).upper()}: {_reason(fault['type'], fault['msg'])}" for fault in error.errors()
        ]
        raise SettingsError("; ".join(faults)) from error


def _reason(kind: str, message: str) -> str:
    return "not set (in the environment or in .env)" if kind == "missing" else message.lower()
