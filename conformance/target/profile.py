"""Where a target is: one base URL, or a profile that names each address; credentials stay in the environment."""

from __future__ import annotations

import os
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from argus_wfm.conformance.errors import CouldNotTest, TargetError
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.kill_switch import Limits
from argus_wfm.conformance.target.safety import Block
from argus_wfm.json_type import Json
from argus_wfm.openapi import load
from argus_wfm.openapi.stream import load_stream

DEVELOPMENT = ("argus", "argus-dev")  # what `argus up` accepts; tried on this machine only
DEVELOPMENT_KEY = "argus-development-key-for-tokens-only"  # signs tokens of `argus up`; on this machine only
DIRECTORY_USER = ("ivan.ivanov", "argus-dev")  # of the directory of `argus up`; tried on this machine only
TOKEN = "ARGUS_TARGET_TOKEN"
REPORTS_TOKEN = "ARGUS_TARGET_REPORTS_TOKEN"
LDAP_USER, LDAP_PASSWORD = "ARGUS_TARGET_LDAP_USER", "ARGUS_TARGET_LDAP_PASSWORD"
LDAP_BASE = "ou=employees,dc=company,dc=ru"
URLS = ("base_url", "personnel_url", "mce_url", "stream_url", "sso_url", "export_url", "ldap_url")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Profile(BaseModel):
    """A target in TOML. Credentials are named by environment variables, never written down."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    base_url: str = Field("", pattern=r"^(https?://[^/]+.*)?$")
    personnel_url: str = Field("", pattern=r"^(https?://[^/]+.*)?$")
    mce_url: str = Field("", pattern=r"^(https?://[^/]+.*)?$")
    stream_url: str = Field("", pattern=r"^(wss?://[^/]+.*)?$")
    export_url: str = Field("", pattern=r"^(https?://[^/]+.*)?$")
    sso_url: str = Field("", pattern=r"^(https?://[^/]+.*)?$")
    ldap_url: str = Field("", pattern=r"^(ldaps?://[^/]+.*)?$")
    ldap_base: str = LDAP_BASE
    ldap_name_attribute: str = Field("sAMAccountName", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    ldap_dn: str = ""
    user_env: str = "ARGUS_TARGET_USER"
    password_env: str = "ARGUS_TARGET_PASSWORD"
    token_env: str = TOKEN
    reports_token_env: str = REPORTS_TOKEN
    ldap_user_env: str = LDAP_USER
    ldap_password_env: str = LDAP_PASSWORD
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """All that a child process needs to know of a target, but for the credentials, which stay in the environment.

    `limits` and `blocked` (by operation) are for a host of others, and found out before it is judged. `controls` are
    the parties that we started, by name, each with the URL of its controls. `mce`, `stream`, `sso`,
    `export` and `ldap` are empty for a target without them; `ca_file` is absolute or empty; `ldap_dn` is how the
    directory's user binds, where it takes no user@domain.
    """

    name: str
    personnel: str
    policy: Policy
    user_env: str = "ARGUS_TARGET_USER"
    password_env: str = "ARGUS_TARGET_PASSWORD"
    ca_file: str = ""
    controls: Mapping[str, str] = field(default_factory=dict)
    mce: str = ""
    stream: str = ""
    token_env: str = TOKEN
    sso: str = ""
    ldap: str = ""
    ldap_base: str = LDAP_BASE
    ldap_name_attribute: str = "sAMAccountName"
    ldap_dn: str = ""
    ldap_user_env: str = LDAP_USER
    ldap_password_env: str = LDAP_PASSWORD
    export: str = ""
    reports_token_env: str = REPORTS_TOKEN
    limits: Limits = field(default_factory=Limits)
    blocked: Mapping[str, Block] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Json]:
        """For the command line of a child process."""
        blocked = {operation: block.as_dict() for operation, block in self.blocked.items()}
        return {**asdict(replace(self, blocked={})), "blocked": blocked}

    @classmethod
    def from_dict(cls, given: dict[str, Json]) -> TargetConfig:
        """The reverse of as_dict()."""
        blocked = {operation: Block.from_dict(block) for operation, block in given["blocked"].items()}
        parts = {"policy": Policy(**given["policy"]), "limits": Limits(**given["limits"]), "blocked": blocked}
        return cls(**{**given, **parts})

    def credentials(self, environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
        """Raises TargetError where there are none and the host is not this machine."""
        user, password = environment.get(self.user_env), environment.get(self.password_env)
        if user and password:
            return user, password
        if urlsplit(self.personnel).hostname in LOOPBACK:
            return DEVELOPMENT
        raise TargetError(f"Set {self.user_env} and {self.password_env}: credentials for {self.personnel}.")

    def token(self, environment: Mapping[str, str] = os.environ) -> str:
        """For MCE; empty where none is given."""
        return environment.get(self.token_env, "").strip()

    def reports_token(self, environment: Mapping[str, str] = os.environ) -> str:
        """For the report export; empty where none is given."""
        return environment.get(self.reports_token_env, "").strip()

    def directory_user(self, environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
        """Who asks SSO for tokens, and the password. Raises CouldNotTest where nobody is given."""
        user, password = environment.get(self.ldap_user_env), environment.get(self.ldap_password_env)
        if user and password:
            return user, password
        if urlsplit(self.sso or self.ldap).hostname in LOOPBACK:
            return DIRECTORY_USER
        raise CouldNotTest(f"needs a user of the directory: set {self.ldap_user_env} and {self.ldap_password_env}")


def by_url(base_url: str, policy: Policy) -> TargetConfig:
    """The target behind one base URL; every contract's own path is added to it. Raises TargetError."""
    scheme, separator, rest = base_url.partition("://")
    given = f"{scheme.lower()}{separator}{rest}"
    return _config(Profile.model_validate({"base_url": given}) if _is_url(given) else None, base_url, policy)


def by_profile(path: Path, policy: Policy) -> TargetConfig:
    """The target of a TOML profile. Raises TargetError with one line naming the fault."""
    try:
        profile = Profile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise TargetError(f"Profile {path}: {error.strerror}.") from error
    except ValidationError as error:
        fault = error.errors()[0]
        raise TargetError(f"Profile {path}: {'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}.") from error
    except ValueError as error:
        raise TargetError(f"Profile {path} is not TOML: {error}.") from error
    config = _config(profile, str(path), policy)
    return replace(config, ca_file=_authority(path, profile.ca_file))


def _authority(profile: Path, ca_file: str) -> str:
    """Of a profile, whose folder it stands in unless it says otherwise; child processes run elsewhere."""
    if not ca_file:
        return ""
    path = (profile.parent / ca_file).absolute()
    try:
        path.open("rb").close()  # which of the two it is, ssl does not say
        ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        raise TargetError(f"Profile {profile}: ca_file {path} holds no certificates (PEM).") from error
    except OSError as error:
        raise TargetError(f"Profile {profile}: ca_file {path}: {error.strerror}.") from error
    return str(path)


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _check_url(url: str, source: str, profile: Profile) -> None:
    """Raises TargetError for one that holds what a journal and reports must not repeat, or that has no such port."""
    parts = urlsplit(url)
    if parts.username is not None or parts.query or parts.fragment:
        instead = f"set {profile.user_env} and {profile.password_env}"
        raise TargetError(f"{_without(source)} holds credentials in a URL, or a query; {instead}.")
    try:
        _ = parts.port
    except ValueError as error:
        raise TargetError(f"{_without(source)}: {error}.") from error


def _without(url: str) -> str:
    """The URL without who it is asked as."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}".partition("?")[0]


def _config(profile: Profile | None, source: str, policy: Policy) -> TargetConfig:
    if profile is None or not (profile.personnel_url or profile.base_url):
        raise TargetError(f"{source} names no host: give a URL such as https://argus.example.")
    for url in (getattr(profile, name) for name in URLS):
        _check_url(url, source, profile)
    base = profile.base_url.rstrip("/")
    personnel = profile.personnel_url or base + load("personnel").base_path
    socket = "ws" + base.removeprefix("http") + load_stream().address  # https becomes wss
    config = TargetConfig(
        profile.name or profile.base_url or personnel,
        personnel,
        policy,
        profile.user_env,
        profile.password_env,
        profile.ca_file,
        mce=profile.mce_url or (base and base + load("mce").base_path),
        stream=profile.stream_url or (base and socket),
        token_env=profile.token_env,
        sso=profile.sso_url or (base and base + load("sso").base_path),
        ldap=profile.ldap_url.rstrip("/"),
        ldap_base=profile.ldap_base,
        ldap_name_attribute=profile.ldap_name_attribute,
        ldap_dn=profile.ldap_dn,
        ldap_user_env=profile.ldap_user_env,
        ldap_password_env=profile.ldap_password_env,
        export=profile.export_url or (base and base + load("export").base_path),
        reports_token_env=profile.reports_token_env,
    )
    config.credentials()
    return config
