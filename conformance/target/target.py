"""The black box under test: base URLs and what may be done there, never what is behind them."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.findings import Departure
from argus_wfm.conformance.target.client import Client
from argus_wfm.conformance.target.controls import Controls
from argus_wfm.conformance.target.logins import Logins
from argus_wfm.conformance.target.profile import TargetConfig
from argus_wfm.conformance.target.recorder import Recorder
from argus_wfm.conformance.target.safety import SafetyGuard
from argus_wfm.conformance.target.websocket import Socket
from argus_wfm.openapi import load

MOSCOW = ZoneInfo("Europe/Moscow")


class Target:
    """A client per contract, and the host's own idea of now."""

    def __init__(self, config: TargetConfig, recorder: Recorder | None = None) -> None:
        self.config, self.policy = config, config.policy
        self.recorder = recorder or Recorder()
        self.guard = SafetyGuard(config.limits, config.blocked)
        self.controls = Controls(config.controls)
        self._ahead: dt.timedelta | None = None  # of our clock, the host's
        self.personnel = self._client("personnel", config.personnel, config.credentials())

    def _client(self, name: str, url: str, credentials: tuple[str, str], **options: Any) -> Client:
        """`options` are Client's."""
        verify = self.config.ca_file or True
        return Client(
            load(name), url, credentials, self.policy, self.recorder, verify=verify, guard=self.guard, **options
        )

    @functools.cached_property
    def operations(self) -> Client:
        """The gateway's own operations API, with a token that its controls gave. Raises CouldNotTest without any."""
        contract = load("operations")
        url = self.controls.url("gateway") + contract.base_path
        return Client(
            contract,
            url,
            self.config.credentials(),
            self.policy,
            self.recorder,
            token=lambda: self.controls.token("gateway", "argus"),
            foreign_token=lambda: self.controls.token("gateway", "mce"),
        )

    @functools.cached_property
    def mce(self) -> Client:
        """The contact centre's API. Raises CouldNotTest where the target has none, or none of its tokens is given."""
        if not self.config.mce:
            raise CouldNotTest("the target names no MCE: give mce_url, or a base_url")
        self._mce_token()
        tokens = {"token": self._mce_token, "foreign_token": self._foreign_token}
        return self._client("mce", self.config.mce, self.config.credentials(), **tokens)

    @functools.cached_property
    def stream(self) -> Socket:
        """Where agents' changes of status are told as they happen. Raises CouldNotTest as mce does."""
        if not self.config.stream:
            raise CouldNotTest("the target names no status stream: give stream_url, or a base_url")
        self._mce_token()
        return Socket(
            self.config.stream,
            self._mce_token,
            self.recorder,
            ca_file=self.config.ca_file,
            foreign_token=self._foreign_token,
            guard=self.guard,
        )

    @functools.cached_property
    def export(self) -> Client:
        """Reports as files. Raises CouldNotTest where the target has none, or no token for them can be had."""
        if not self.config.export:
            raise CouldNotTest("the target names no report export: give export_url, or a base_url")
        self._reports_token()
        tokens = {"token": self._reports_token, "foreign_token": self._token_for_mce}
        return self._client("export", self.config.export, self.config.credentials(), **tokens)

    @functools.cached_property
    def sso(self) -> Client:
        """Where users of the directory get tokens. Raises CouldNotTest where the target has none, or no user."""
        if not self.config.sso:
            raise CouldNotTest("the target names no SSO: give sso_url, or a base_url")
        return self._client("sso", self.config.sso, self.config.directory_user())

    @functools.cached_property
    def logins(self) -> Logins:
        """Requests of tokens as scenarios make them. Raises as sso does."""
        return Logins(self.sso)

    @property
    def _ours(self) -> bool:
        return "gateway" in self.config.controls

    @property
    def _foreign_token(self) -> Callable[[], str] | None:
        if self._ours:
            return lambda: self.controls.token("gateway", "argus")
        return None if self.config.token() else lambda: self.logins.kept("1c_zup")

    @property
    def _token_for_mce(self) -> Callable[[], str] | None:
        """Another API's token of the same issuer, for the report export."""
        if self._ours:
            return lambda: self.controls.token("gateway", "mce")
        if given := self.config.token():
            return lambda: given
        return None if self.config.reports_token() else lambda: self.logins.kept("mce")

    def _mce_token(self) -> str:
        return self._bearer("mce", self.config.token(), "MCE", self.config.token_env)

    def _reports_token(self) -> str:
        return self._bearer("reports", self.config.reports_token(), "reports", self.config.reports_token_env)

    def _bearer(self, audience: str, given: str, what: str, variable: str) -> str:
        """Of our gateway; else what the environment gives, or what the host's own SSO does. Raises CouldNotTest."""
        if self._ours:
            return self.controls.token("gateway", audience)
        if given:
            return given
        needed = f"needs a token for {what}: set {variable}"
        if not self.config.sso:
            raise CouldNotTest(needed)
        try:
            return self.logins.kept(audience)
        except CouldNotTest as error:
            raise CouldNotTest(f"{needed}; or {str(error).removeprefix('needs ')}") from error
        except Departure as error:
            raise CouldNotTest(f"{needed}; the host's SSO gave none: {error.finding.message}") from error

    def now(self) -> dt.datetime:
        """By the host's Date header, so that scenarios live in the host's present; our clock where it sends none.

        A host of others is asked once: its clock runs on beside ours.
        """
        if self._ahead is None or self.policy.ours:
            said, ours = self.personnel.ask("GET", "/").date, dt.datetime.now(dt.UTC)
            self._ahead = (said or ours) - ours
        return dt.datetime.now(dt.UTC) + self._ahead

    def reset(self) -> None:
        """Parties of ours as new. Others are left alone."""
        self.controls.reset()

    def today(self) -> dt.date:
        """Moscow's date of now(), by which 1C opens and closes months."""
        return self.now().astimezone(MOSCOW).date()
