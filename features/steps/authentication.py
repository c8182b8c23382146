"""Basic credentials and x-session-id, tried on getAgents."""

from __future__ import annotations

from pytest_bdd import then, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.roster import JULY
from argus_wfm.json_type import Json

PATH = "/agents/{}/{}".format(*JULY)
NOBODY = "no.such.user.of.argus"
WRONG = "not-the-password"
UNSIGNED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhcmd1cyJ9."  # a JWT in form only: nobody issued it


@when("the agents are requested without credentials", target_fixture="exchange")
def without_credentials(target: Target) -> Exchange:
    return target.personnel.get(PATH, auth=None)


@when("the agents are requested with a Bearer token", target_fixture="exchange")
def with_bearer(target: Target) -> Exchange:
    return target.personnel.get(PATH, auth=f"Bearer {UNSIGNED}")


@when("the agents are requested by an unknown user", target_fixture="by_unknown_user")
def by_unknown_user(target: Target) -> Exchange:
    return target.personnel.get(PATH, auth=(NOBODY, WRONG))


@when("the agents are requested with a wrong password", target_fixture="with_wrong_password")
def with_wrong_password(target: Target) -> Exchange:
    return target.personnel.get(PATH, auth=(target.personnel.user, WRONG))


@then("both are refused with the same 401")
def refused_alike(by_unknown_user: Exchange, with_wrong_password: Exchange) -> None:
    unknown, wrong = (without_time(exchange.require(401)) for exchange in (by_unknown_user, with_wrong_password))
    words = "The two refusals differ, which tells which users exist"
    with_wrong_password.expect(unknown == wrong, "VALUE", "body", words, expected=unknown, actual=wrong)


@when("the agents are requested", target_fixture="first")
def first(target: Target) -> Exchange:
    return target.personnel.get(PATH)


@when("the agents are requested again with the x-session-id of that reply", target_fixture="second")
def second(target: Target, first: Exchange) -> Exchange:
    first.require(200)
    return target.personnel.get(PATH, headers={"X-Session-Id": session_of(first)})


@then("both replies carry the same x-session-id")
def same_session(first: Exchange, second: Exchange) -> None:
    second.require(200)
    given, returned = session_of(first), session_of(second)
    words = "Another x-session-id than the one sent"
    second.expect(given == returned, "HEADER", "header X-Session-Id", words, expected=given, actual=returned)


def session_of(exchange: Exchange) -> str:
    """The id of a reply; Departure where there is none."""
    session = exchange.headers.get("x-session-id", "")
    if not session:
        exchange.departs("HEADER", Drift.SHAPE, "header X-Session-Id", "The reply has no x-session-id")
    return session


def without_time(envelope: Json) -> Json:
    """An error that can be compared with another's."""
    details = {name: value for name, value in envelope.get("details", {}).items() if name != "timestamp"}
    return {**envelope, "details": details}
