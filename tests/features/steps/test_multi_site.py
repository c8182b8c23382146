"""Sites and a schedule that deviate in one way: the scenario that is about it says so; the right ones pass all six.

One gateway with mock 1C and mock sites runs for all of them; its replies are amended on the way out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.controls import ABSENT
from argus_wfm.conformance.target.profile import by_url
from argus_wfm.gateway.app import build
from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.settings import ExplicitSettings
from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock as MockClock
from argus_wfm.mocks.sites.app import sites
from argus_wfm.mocks.zup.app import zup
from argus_wfm.openapi.server import address, background, bind
from tests.support.amended_host import Amend, Reply, amending, unchanged
from tests.support.clock import NOW
from tests.support.http_client import BASE, PASSWORD, TOKEN_KEY, USER
from tests.support.scenario_player import play, play_on

Change = Callable[[Json], Json]
SITE = [f"SITE-{number:02d}" for number in range(1, 7)]


class Host:
    """The parties; `amend` is what is wrong with the gateway's replies."""

    def __init__(self, controls: dict[str, str]) -> None:
        self.controls = controls
        self.amend: Amend = unchanged

    def target(self) -> Target:
        """As new: with nothing wrong yet."""
        ours = replace(by_url(self.controls["gateway"], Policy(ours=True)), user_env="", password_env="")
        made = Target(replace(ours, name="mocks", controls=self.controls))
        self.amend = unchanged
        made.reset()
        return made


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    bound = bind("127.0.0.1", 0)
    url = address(bound)
    parts = Host({"gateway": url})

    def token() -> str:
        import requests

        with requests.Session() as session:
            session.trust_env = False
            reply = session.post(f"{url}/_control/token", json={"audience": "argus"}, timeout=30)
            return str(reply.json()["access_token"])

    one = zup(
        user=USER, password=PASSWORD, agents=60, clock=MockClock(NOW), gateway=url, token=token, with_controls=True
    )
    all_sites = sites(gateway=url, token=token, clock=MockClock(NOW), with_controls=True)
    with background(one) as zup_url, background(all_sites) as sites_url:
        parts.controls |= {"zup": zup_url, "sites": sites_url}
        given: dict[str, Any] = {
            "zup_url": zup_url + BASE,
            "zup_user": USER,
            "zup_password": PASSWORD,
            "user": USER,
            "password": PASSWORD,
            "token_key": TOKEN_KEY,
            "database_url": f"sqlite:///{tmp_path_factory.mktemp('sites')}/argus.sqlite3",
            "worker_concurrency": 1,
            "stop_grace_s": 1,
        }
        app = build(ExplicitSettings(**given), clock=Clock(NOW), with_controls=True)
        with background(amending(app, lambda *asked: parts.amend(*asked)), bound=bound):
            yield parts


def in_json(operation: str, change: Change, methods: tuple[str, ...] = ("GET",)) -> Amend:
    """Of 200 replies below a path of the operations API."""

    def amend(method: str, path: str, reply: Reply) -> Reply:
        status, headers, body = reply
        if method not in methods or status != 200 or "/api/integration" not in path or not path.endswith(operation):
            return reply
        return status, headers, json.dumps(change(json.loads(body)), ensure_ascii=False).encode()

    return amend


def each(change: Callable[[Json], None], of: Callable[[Json], bool] = lambda one: True) -> Change:
    """Every item of a page that is so."""

    def amend(page: Json) -> Json:
        for one in page["items"]:
            if of(one):
                change(one)
        return page

    return amend


def in_vladivostok(one: Json) -> bool:
    return bool(one["zone"] == "Asia/Vladivostok")


def empty(page: Json) -> Json:
    return {**page, "items": []}


def twice(page: Json) -> Json:
    return {**page, "items": page["items"] * 2}


def an_hour_off(site: Json) -> None:
    site["local_time"] = site["local_time"].replace("T16", "T17").replace("+10", "+11")


def summer_time(page: Json) -> Json:
    """In July the clocks are an hour ahead, as they were until 2010."""
    if page["at"].startswith("2025-07"):
        for site in page["items"]:
            site["utc_offset"] = f"+{int(site['utc_offset'][1:3]) + 1:02d}:00"
    return page


def as_if_utc(one: Json) -> None:
    one["start_at"], one["end_at"] = (one[f"local_{name}"][:19] + "Z" for name in ("start", "end"))


def on_friday(told: Json) -> Json:
    """01:30 as if it were UTC."""
    for run in told["runs"]:
        run["at"] = run["local_time"][:19] + "Z"
    return told


def never_ran(told: Json) -> Json:
    return {**told, "latest": None}


def not_counted(site: Json) -> None:
    site["employees"] -= 1


def wrong_counts(report: Json) -> Json:
    not_counted(report["sites"][0])
    return report


def not_flagged(report: Json) -> Json:
    return {**report, "on_two_sites": {"count": 0, "items": []}, "consistent": True}


def one_site_alone(operation: Json) -> Json:
    if operation["kind"] == "site_transfer" and operation["result"]:
        operation["result"]["sites"].pop("vladivostok", None)
    return operation


def by_operation(method: str, path: str, reply: Reply) -> Reply:
    status, headers, body = reply
    if "/operations/op-" not in path or status != 200:
        return reply
    return status, headers, json.dumps(one_site_alone(json.loads(body)), ensure_ascii=False).encode()


DEVIATIONS: dict[str, tuple[str, Amend]] = {
    "an offset of its own": ("SITE-01", in_json("/sites", each(an_hour_off, in_vladivostok))),
    "a site that is not there": ("SITE-01", in_json("/sites", lambda page: {**page, "items": page["items"][1:]})),
    "summer time": ("SITE-02", in_json("/sites", summer_time)),
    "wall time stored as UTC": ("SITE-03", in_json("/actuals", each(as_if_utc))),
    "counted in no month": ("SITE-03", in_json("/actuals", empty)),
    "counted twice": ("SITE-03", in_json("/actuals", twice)),
    "Moscow time taken for UTC": ("SITE-04", in_json("/schedule", on_friday)),
    "a sync that never ran": ("SITE-04", in_json("/schedule", never_ran)),
    "counts that do not add up": ("SITE-05", in_json("/consistency", wrong_counts)),
    "nobody is flagged": ("SITE-05", in_json("/consistency", not_flagged)),
    "a transfer of one site": ("SITE-06", by_operation),
    "a confirmation that does not arrive": ("SITE-06", in_json("/vladivostok/confirmations", empty)),
}


@pytest.mark.parametrize("scenario", SITE)
def test_right_host_passes(scenario: str, host: Host) -> None:
    played = play_on(scenario, host.target())
    assert (played.verdict, played.reason, played.findings) == ("pass", "", [])


@pytest.mark.parametrize("name", DEVIATIONS)
def test_deviation_is_named_by_its_scenario(name: str, host: Host) -> None:
    scenario, amend = DEVIATIONS[name]
    target = host.target()
    host.amend = amend
    played = play_on(scenario, target)
    assert played.verdict == "fail", played.reason


@pytest.mark.parametrize("scenario", SITE)
def test_a_host_of_others_cannot_be_asked(scenario: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARGUS_TARGET_TOKEN", "none")
    played = play(scenario, "http://127.0.0.1:9", Policy(allow_writes=True))
    assert (played.verdict, played.reason) == ("could not test", ABSENT)
