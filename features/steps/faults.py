"""What goes wrong with 1C ZUP, and requests that meet with it; only parties of ours can be made to fail."""

from __future__ import annotations

from pytest_bdd import given, parsers, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.norm_hours import ask
from argus_wfm.features.steps.replies import Labelled
from argus_wfm.features.steps.roster import JULY

MONTH = ("2025-08-01", "2025-08-31")


@given("1C ZUP takes requests and never answers")
def hangs(target: Target) -> None:
    target.controls.inject("zup", {"fault": "hang"})


@given(parsers.parse("1C ZUP answers {status:d}"))
@when(parsers.parse("1C ZUP answers {status:d}"))
def answers(target: Target, status: int) -> None:
    target.controls.inject("zup", {"fault": "status", "status": status})


@given(parsers.parse("1C ZUP answers {status:d} to the next {times:d} requests"))
def answers_so_often(target: Target, status: int, times: int) -> None:
    target.controls.inject("zup", {"fault": "status", "status": status, "times": times})


@given(parsers.parse("1C ZUP works again, but takes {seconds:d} seconds to answer"))
def is_slow(target: Target, seconds: int) -> None:
    target.controls.lift("zup")
    target.controls.inject("zup", {"fault": "latency", "seconds": seconds})


@given(parsers.re(r"1C ZUP refuses (?P<operation>\w+) with 400"))
def refuses(target: Target, operation: str) -> None:
    target.controls.inject("zup", {"fault": "status", "status": 400, "operation": operation})


@when("1C ZUP works again")
def works_again(target: Target) -> None:
    target.controls.lift("zup")


@given("1C ZUP answers HTML with 200")
def answers_html(target: Target) -> None:
    target.controls.inject("zup", {"fault": "html", "operation": "getNormHours"})


@given("1C ZUP lists agents without agent_id")
def lists_without_id(target: Target) -> None:
    patch = [{"op": "remove", "path": "/agents/*/agent_id"}]
    target.controls.inject("zup", {"fault": "amend", "operation": "getAgents", "patch": patch})


@when("the norm is requested", target_fixture="exchange")
def request_norm(target: Target, employee: str) -> Exchange:
    return ask(target, employee, *MONTH, fresh=True)


@when(parsers.parse("the norm is requested {times:d} times"), target_fixture="exchanges")
def request_norm_often(target: Target, employee: str, times: int) -> Labelled:
    return [(f"call {number + 1}", ask(target, employee, *MONTH, fresh=True)) for number in range(times)]


@when("the agents are requested past the cache", target_fixture="exchange")
def request_agents(target: Target) -> Exchange:
    return target.personnel.get("/agents/{}/{}".format(*JULY), headers={"Cache-Control": "no-cache"})
