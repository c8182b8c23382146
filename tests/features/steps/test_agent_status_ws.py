"""A contact centre that deviates in one way: the judge names it; the right one passes all 17 scenarios."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocket

from argus_wfm.conformance.model.findings import CODES
from argus_wfm.conformance.stream import checks
from argus_wfm.conformance.target.client import Policy
from argus_wfm.json_type import Json
from tests.support.command_line import conform
from tests.support.contact_centre import PEOPLE, TOKEN, ContactCentre, Refused, served, without
from tests.support.deviating_messages import DEVIATING_MESSAGES, LATE_S, always, renamed
from tests.support.scenario_player import play

MCE = [f"MCE-{number:02d}" for number in range(1, 11)]
WSK = [f"WSK-{number:02d}" for number in range(1, 8)]


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_TARGET_TOKEN", TOKEN)


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """For hosts that are wrong anyhow; a right one would be called late on a busy machine."""
    monkeypatch.setattr(checks, "LATE_S", LATE_S)
    monkeypatch.setattr(checks, "PATIENCE_S", 0.6)


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For right hosts, which answer at once wherever the machine lets them."""
    monkeypatch.setattr(checks, "LATE_S", 60.0)
    monkeypatch.setattr(checks, "PATIENCE_S", 60.0)


@pytest.mark.usefixtures("_patient")
@pytest.mark.parametrize("scenario", [*MCE, *WSK])
def test_the_right_host_passes_without_a_finding_and_is_left_as_it_was(scenario: str) -> None:
    centre = ContactCentre()
    with served(centre) as url:
        played = play(scenario, url)
    assert (played.verdict, played.reason, played.findings) == ("pass", "", [])
    assert {agent["status"] for agent in centre.agents.values()} == {"offline"}


# Deviations in what is told


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("name", DEVIATING_MESSAGES)
def test_deviation_of_what_is_told_is_named(name: str) -> None:
    make, scenario, code = DEVIATING_MESSAGES[name]
    with served(make()) as url:
        played = play(scenario, url)
    assert code in played.codes, played
    assert all("TOKEN" in finding.curl and TOKEN not in finding.curl for finding in played.findings)


# Deviations in behaviour


class OpenSocket(ContactCentre):
    def socket_refusal(self, connection: HTTPConnection) -> Refused | None:
        return None


class AnyToken(ContactCentre):
    def socket_refusal(self, connection: HTTPConnection) -> Refused | None:
        return None if "authorization" in connection.headers else Refused(401, "UNAUTHORIZED")


class Forbids(ContactCentre):
    def denial(self, refused: Refused) -> Response:
        return super().denial(Refused(403, "INSUFFICIENT_SCOPE"))


class PlainDenial(ContactCentre):
    def denial(self, refused: Refused) -> Response:
        return PlainTextResponse("Unauthorized", 401, {"WWW-Authenticate": "Bearer"})


class NoSocket(ContactCentre):
    def socket_refusal(self, connection: HTTPConnection) -> Refused | None:
        return Refused(404, "NOT_FOUND")


class TakesBasic(ContactCentre):
    def refusal(self, connection: HTTPConnection) -> Refused | None:
        return None if "authorization" in connection.headers else super().refusal(connection)


class BreaksOnCalls(ContactCentre):
    def moved(self, event: str, status: str) -> str:
        return "on_break" if (event, status) == ("break_start", "on_call") else super().moved(event, status)


class AnswersAtOnce(ContactCentre):
    """Whoever logs in is on a call, but for those who were there before."""

    def moved(self, event: str, status: str) -> str:
        begun = len(self.changes) >= 2 * len(PEOPLE)
        return "on_call" if begun and event == "login" else super().moved(event, status)


class Forgets(ContactCentre):
    """Events come and go; the same one is another each time."""

    def known(self, event: Json) -> Json | None:
        return None

    def moved(self, event: str, status: str) -> str:
        return "offline" if event == "logout" else super().moved(event, status)


class KnowsEverybody(ContactCentre):
    def status_of(self, agent_id: str) -> Json:
        nobody = {"agent_id": agent_id, "status": "offline", "since": "2025-07-29T01:30:00Z"}
        return self.agents.get(agent_id, {**nobody, "call_id": None, "queue": None, "break": None})


class HidesBreaks(ContactCentre):
    def status_of(self, agent_id: str) -> Json:
        agent = super().status_of(agent_id)
        return {**agent, "status": "available", "break": None} if agent["status"] == "on_break" else agent


class NegativeQueue(ContactCentre):
    def metrics(self, queue: str) -> Json:
        return {**super().metrics(queue), "waiting": -1}


class WaitsForNobody(ContactCentre):
    def metrics(self, queue: str) -> Json:
        return {**super().metrics(queue), "waiting": 0}


class Skips(ContactCentre):
    def replayed(self, since: int) -> list[Json]:
        return super().replayed(since + 1)


class Repeats(ContactCentre):
    def replayed(self, since: int) -> list[Json]:
        return super().replayed(since - 1)


class Replays(ContactCentre):
    """Whoever comes is told all there was."""

    def greeting(self) -> list[Json]:
        return [without(change, "sequence") for change in self.changes[2 * len(PEOPLE) :]]


class MistakenInLists(ContactCentre):
    """The list is asked twice before the agent is asked for alone."""

    asked = 0

    def status_of(self, agent_id: str) -> Json:
        self.asked += 1
        agent = super().status_of(agent_id)
        return {**agent, "since": "2025-07-29T01:30:00Z"} if self.asked == 2 * len(PEOPLE) + 1 else agent


BEHAVIOUR: dict[str, tuple[type[ContactCentre], str, str]] = {
    "socket without a token": (OpenSocket, "WSK-02", "AUTH_NOT_CHECKED"),
    "socket with any token": (AnyToken, "WSK-02", "AUTH_NOT_CHECKED"),
    "403 for no token": (Forbids, "WSK-02", "STREAM_REFUSAL"),
    "refusal without envelope": (PlainDenial, "WSK-02", "STREAM_REFUSAL"),
    "no socket": (NoSocket, "WSK-01", "OPERATION_ABSENT"),
    "Basic is taken": (TakesBasic, "MCE-04", "AUTH_NOT_CHECKED"),
    "break on a call": (BreaksOnCalls, "MCE-07", "REQUEST_ACCEPTED"),
    "on a call from offline": (AnswersAtOnce, "WSK-03", "STREAM_ILLEGAL_TRANSITION"),
    "login leads to a call": (AnswersAtOnce, "MCE-05", "VALUE"),
    "event applied twice": (Forgets, "MCE-09", "VALUE"),
    "200 for nobody": (KnowsEverybody, "MCE-03", "REQUEST_ACCEPTED"),
    "status differs from the list": (MistakenInLists, "MCE-02", "VALUE"),
    "break not shown": (HidesBreaks, "MCE-08", "VALUE"),
    "REST disagrees with the stream": (HidesBreaks, "WSK-07", "STREAM_REST_DISAGREES"),
    "negative metrics": (NegativeQueue, "MCE-10", "OUT_OF_RANGE"),
    "a wait of nobody's": (WaitsForNobody, "MCE-10", "VALUE"),
    "gap after a reconnect": (Skips, "WSK-07", "STREAM_GAP"),
    "told again after a reconnect, by number": (Repeats, "WSK-07", "STREAM_DUPLICATE"),
    "told again after a reconnect": (Replays, "WSK-07", "STREAM_DUPLICATE"),
}


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("name", BEHAVIOUR)
def test_deviation_of_behaviour_fails_its_scenario_and_is_named(name: str) -> None:
    centre, scenario, code = BEHAVIOUR[name]
    with served(centre()) as url:
        played = play(scenario, url)
    assert played.verdict == "fail", played
    assert code in played.codes, played


def test_every_kind_of_finding_about_the_stream_has_a_planted_deviation() -> None:
    planted = {code for *_, code in (*DEVIATING_MESSAGES.values(), *BEHAVIOUR.values())}
    assert {code for code in CODES if code.startswith("STREAM_")} <= planted


class SeedAlone(ContactCentre):
    """As a live host may be: the seed's stream, without the extended one."""

    def socket_refusal(self, connection: HTTPConnection) -> Refused | None:
        return super().socket_refusal(connection) or (
            Refused(400, "VALIDATION_ERROR") if connection.url.query else None
        )


@pytest.mark.usefixtures("_patient")
def test_host_without_the_extended_stream_has_a_finding_and_the_scenario_goes_on() -> None:
    with served(SeedAlone()) as url:
        played = play("WSK-07", url)
    assert (played.verdict, played.codes) == ("pass", {"STATUS_UNEXPECTED"})


class Restless(ContactCentre):
    """Somebody logs in, as soon as somebody else listens."""

    async def stream(self, socket: WebSocket) -> None:
        later = asyncio.ensure_future(self._later())
        await super().stream(socket)
        await later

    async def _later(self) -> None:
        while not self.listeners:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        if self.status_of("MCE001")["status"] == "offline":
            await self.take({"event_id": "own", "event": "login", "agent_id": "MCE001"})


@pytest.mark.usefixtures("_patient")
def test_reconnect_is_tried_without_writes_where_something_happens_by_itself() -> None:
    with served(Restless()) as url:
        played = play("WSK-07", url, Policy())
    assert (played.verdict, played.reason, played.findings) == ("pass", "", [])


# What may not be tried, and what there is nothing to try on


@pytest.mark.parametrize("scenario", [*MCE, *WSK])
def test_without_leave_nothing_is_written(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argus_wfm.features.steps.agent_status_ws.ITSELF_S", 0.1)
    centre = ContactCentre()
    with served(centre) as url:
        before = len(centre.changes)
        played = play(scenario, url, Policy())
    expected = {"WSK-07": "could not test", **dict.fromkeys(("MCE-05", "MCE-06", "MCE-07", "MCE-08", "MCE-09"), "held")}
    expected |= dict.fromkeys(("WSK-03", "WSK-04", "WSK-05", "WSK-06"), "held")
    assert (played.verdict, played.findings) == (expected.get(scenario, "pass"), [])
    assert len(centre.changes) == before


@pytest.mark.usefixtures("_patient")
@pytest.mark.parametrize("scenario", [*MCE, *WSK])
def test_a_host_of_ours_that_knows_nobody_is_given_agents(scenario: str) -> None:
    centre = ContactCentre()
    with served(centre) as url:
        centre.agents.clear()
        centre.queues.clear()
        played = play(scenario, url, Policy(ours=True))
    assert (played.verdict, played.reason, played.findings) == ("pass", "", [])


@pytest.mark.parametrize(("scenario", "reason"), [("MCE-01", "lists no agents"), ("MCE-10", "lists no queues")])
def test_host_with_nothing_to_read_could_not_be_tested(scenario: str, reason: str) -> None:
    centre = ContactCentre()
    with served(centre) as url:
        centre.agents.clear()
        centre.queues.clear()
        played = play(scenario, url)
    assert played.verdict == "could not test"
    assert reason in played.reason


@pytest.mark.parametrize("scenario", [MCE[0], WSK[1]])
def test_without_a_token_nothing_could_be_tested(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARGUS_TARGET_TOKEN")
    with served(ContactCentre()) as url:
        played = play(scenario, url)
    reason = "needs a token for MCE: set ARGUS_TARGET_TOKEN; the host's SSO gave none: The host has no issueToken"
    assert (played.verdict, played.reason, played.findings) == ("could not test", reason, [])


# Through the command line

WHOLE: dict[str, tuple[Callable[[], ContactCentre], set[str], set[str]]] = {
    "right": (ContactCentre, set(), set()),
    "member renamed": (
        lambda: always(renamed),
        {"WSK-03"},
        {"RENAMED_MEMBER agentStatus /agent_id"},
    ),
    "socket without a token": (OpenSocket, {"WSK-02"}, {"AUTH_NOT_CHECKED agentStatus status"}),
    "break on a call": (BreaksOnCalls, {"MCE-07"}, {"REQUEST_ACCEPTED sendEvent status"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_argus_conform_names_the_deviation(name: str, tmp_path: Path) -> None:
    make, failing, findings = WHOLE[name]
    with served(make()) as url:
        options = ("--only", "mce", "--allow-writes", "--max-time", "0")
        exit_code, screen, report = conform(url, tmp_path, *options)
    assert exit_code == (1 if failing else 0)
    assert {row["id"] for row in report["scenarios"] if row["verdict"] == "fail"} >= failing
    assert len(report["scenarios"]) == 17
    told = {f"{finding['code']} {finding['operation']} {finding['where']}" for finding in report["findings"]}
    assert told >= findings
    assert not told - findings or failing
    assert all(finding in screen for finding in findings)
    assert TOKEN not in screen + json.dumps(report)
    assert "agentStatus" in {row["operation"] for row in report["coverage"]["operations"]}
