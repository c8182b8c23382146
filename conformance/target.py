"""The black box under test: base URLs and what may be done there, never what is behind them."""

from __future__ import annotations

import datetime as dt
import functools
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conformance.client import Client, Policy
from conformance.controls import Controls
from conformance.recorder import Recorder
from openapi import load

Json = Any
MOSCOW = ZoneInfo("Europe/Moscow")
DEVELOPMENT = ("argus", "argus-dev")  # what `argus up` accepts; tried on this machine only
DEVELOPMENT_KEY = "argus-development-key-for-tokens-only"  # signs tokens of `argus up`; on this machine only
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class TargetError(Exception):
    """The target cannot be used as given; the message is one line that says what to do."""


class Profile(BaseModel):
    """A target in TOML. Credentials are named by environment variables, never written down."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    base_url: str = Field("", pattern=r"^(https?://[^/]+.*)?$")
    personnel_url: str = Field("", pattern=r"^(https?://[^/]+.*)?$")
    user_env: str = "ARGUS_TARGET_USER"
    password_env: str = "ARGUS_TARGET_PASSWORD"
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """All that a child process needs to know of a target, but for the credentials, which stay in the environment.

    `controls` are the parties that we started, by name, each with the URL of its controls.
    """

    name: str
    personnel: str
    policy: Policy
    user_env: str = "ARGUS_TARGET_USER"
    password_env: str = "ARGUS_TARGET_PASSWORD"
    ca_file: str = ""
    controls: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Json]:
        """For the command line of a child process."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: dict[str, Json]) -> Address:
        """The reverse of as_dict()."""
        return cls(**{**given, "policy": Policy(**given["policy"])})

    def credentials(self, environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
        """Raises TargetError where there are none and the host is not this machine."""
        user, password = environment.get(self.user_env), environment.get(self.password_env)
        if user and password:
            return user, password
        if urlsplit(self.personnel).hostname in LOOPBACK:
            return DEVELOPMENT
        raise TargetError(f"Set {self.user_env} and {self.password_env}: credentials for {self.personnel}.")


class Target:
    """A client per contract, and the host's own idea of now."""

    def __init__(self, address: Address, recorder: Recorder | None = None) -> None:
        self.address, self.policy = address, address.policy
        self.recorder = recorder or Recorder()
        self.controls = Controls(address.controls)
        verify = address.ca_file or True
        self.personnel = Client(
            load("personnel"), address.personnel, address.credentials(), self.policy, self.recorder, verify=verify
        )

    @functools.cached_property
    def operations(self) -> Client:
        """The gateway's own operations API, with a token that its controls gave. Raises CouldNotTest without any."""
        contract = load("operations")
        url = self.controls.url("gateway") + contract.base_path
        return Client(
            contract,
            url,
            self.address.credentials(),
            self.policy,
            self.recorder,
            token=lambda: self.controls.token("gateway", "argus"),
        )

    def now(self) -> dt.datetime:
        """By the host's Date header, so that scenarios live in the host's present; our clock where it sends none."""
        date = self.personnel.ask("GET", "/").headers.get("date")
        return parsedate_to_datetime(date) if date else dt.datetime.now(dt.UTC)

    def reset(self) -> None:
        """Parties of ours as new. Others are left alone."""
        self.controls.reset()

    def today(self) -> dt.date:
        """Moscow's date of now(), by which 1C opens and closes months."""
        return self.now().astimezone(MOSCOW).date()


def by_url(base_url: str, policy: Policy) -> Address:
    """The target behind one base URL; every contract's own path is added to it. Raises TargetError."""
    return _address(Profile.model_validate({"base_url": base_url}) if _is_url(base_url) else None, base_url, policy)


def by_profile(path: Path, policy: Policy) -> Address:
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
    return _address(profile, str(path), policy)


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _address(profile: Profile | None, source: str, policy: Policy) -> Address:
    if profile is None or not (profile.personnel_url or profile.base_url):
        raise TargetError(f"{source} names no host: give a URL such as https://argus.example.")
    personnel = profile.personnel_url or profile.base_url.rstrip("/") + load("personnel").base_path
    address = Address(
        profile.name or profile.base_url or personnel,
        personnel,
        policy,
        profile.user_env,
        profile.password_env,
        profile.ca_file,
    )
    address.credentials()
    return address
