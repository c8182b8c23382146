"""/_control of the parties that we started: faults, clocks, their own view. A host of others' has none."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping

import requests

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.json_type import Json

CONTROL_S = 20.0
OF_HOST_S = 60.0  # where a host of others may first have to answer, for which it has half of it
TOKEN_S = 1800.0
ABSENT = "needs faults, a clock to move and the gateway's own view; only `argus conform` on mocks has them"


class Controls:
    """`urls` are the parties' control addresses by name; without any, asking for one is "could not test"."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._moved_s = 0.0
        self._tokens: dict[str, tuple[str, float]] = {}

    def token(self, party: str, audience: str) -> str:
        """A token of the party's for one of its APIs; kept for half its life by the party's clock."""
        token, until = self._tokens.get(audience, ("", 0.0))
        if self.monotonic() >= until:
            token = self._ask("POST", party, "/_control/token", {"audience": audience})["access_token"]
            self._tokens[audience] = token, self.monotonic() + TOKEN_S
        return token

    def url(self, party: str) -> str:
        """Where its controls are."""
        self._check(party)
        return self._urls[party]

    def reset(self) -> None:
        """Every party as new: no documents, no faults, nothing cached, breakers closed. Clocks run on."""
        for party in self._urls:
            self._ask("POST", party, "/_control/reset", {}, timeout_s=OF_HOST_S)

    def move(self, seconds: float) -> None:
        """Move every party's clock forward; returns when what fell due has been noticed. Raises CouldNotTest."""
        if not self._urls:
            raise CouldNotTest(ABSENT)
        for party in self._urls:
            self._ask("POST", party, "/_control/clock", {"move_seconds": seconds})
        self._moved_s += seconds

    def move_to(self, party: str, moment: dt.datetime) -> None:
        """Move one party's clock to an instant, after all others' as far: the least time is lost before it is asked."""
        seconds = max(0.0, (moment - self.now(party)).total_seconds())
        for other in (name for name in self._urls if name != party):
            self._ask("POST", other, "/_control/clock", {"move_seconds": seconds})
        self._ask("POST", party, "/_control/clock", {"now": moment.isoformat()})
        self._moved_s += seconds

    def now(self, party: str) -> dt.datetime:
        """The party's clock, to the whole second that has passed."""
        return dt.datetime.fromisoformat(self._ask("GET", party, "/_control/clock")["now"])

    def monotonic(self) -> float:
        """Seconds of the parties' time by our own count, for measuring spans: real ones and moved ones."""
        return time.monotonic() + self._moved_s

    def inject(self, party: str, *faults: Json) -> None:
        """Switch faults on (mocks/faults/models.py has the language)."""
        self._ask("POST", party, "/_control/faults", list(faults))

    def lift(self, party: str) -> None:
        """End all faults of a party."""
        self._ask("DELETE", party, "/_control/faults")

    def state(self, party: str) -> Json:
        """The party's own view."""
        return self._ask("GET", party, "/_control/state")

    def host(self, party: str) -> Json:
        """What a host of others behind it has not given, or gave wrong, since the last reset; in words."""
        return self._ask("GET", party, "/_control/host", timeout_s=OF_HOST_S)

    def health(self, party: str) -> Json:
        """What it tells everybody of itself."""
        return self._ask("GET", party, "/health")

    def _ask(self, method: str, party: str, path: str, body: Json = None, timeout_s: float = CONTROL_S) -> Json:
        self._check(party)
        with requests.Session() as session:
            session.trust_env = False
            reply = session.request(method, self._urls[party] + path, json=body, timeout=timeout_s)
        reply.raise_for_status()
        return reply.json()

    def change_agent(self, party: str, **change: Json) -> Json:
        """Hire somebody ({"hire": day}) or change fields of an agent, by agent_id."""
        return self._ask("POST", party, "/_control/agents", change)

    def tell(self, party: str, path: str, body: Json) -> Json:
        """Something that a party alone can be told, below its /_control."""
        return self._ask("POST", party, f"/_control{path}", body)

    def _check(self, party: str) -> None:
        if party not in self._urls:
            raise CouldNotTest(ABSENT)
