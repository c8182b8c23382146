"""Tokens of SSO: asked for, read by the judge itself, and presented to MCE."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor, wait
from typing import NoReturn

from pytest_bdd import given, parsers, then, when

from argus_wfm.conformance.checks.jwt import HOUR_S, DecodedToken, with_other_signature
from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import TOKEN, Departure, Drift, Finding
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.controls import ABSENT
from argus_wfm.features.steps.authentication import without_time
from argus_wfm.features.steps.circuit_breaker import NOTICED_S
from argus_wfm.features.steps.operations import LOOK_S
from argus_wfm.features.steps.replies import Labelled

READ = "/agents/status"
ATTEMPTS = 10  # to ask within the last second of a token's hour
GUESSES = (  # RFC 4515, section 3: what means something in a filter; to be tried where nobody can be locked out
    "*", "*)(uid=*))(|(uid=*", "*))%00", "admin)(&)", "x)(|(cn=*))", "*)(objectClass=*", "*()|&'", "\\2a", "(*)",
    "\x00", "!(&(cn=x", "*)(userPassword=*",
)  # fmt: skip


@given("a directory whose clock and faults are ours")
def own_directory(target: Target) -> None:
    if "ldap" not in target.config.controls:
        raise CouldNotTest(ABSENT if target.config.ldap else "no directory given")


@given("the directory takes no connections")
def is_down(target: Target) -> None:
    target.controls.inject("ldap", {"fault": "refuse"})


@given("the directory takes requests and never answers")
def hangs(target: Target) -> None:
    target.controls.lift("ldap")
    target.controls.inject("ldap", {"fault": "hang"})


@when(parsers.re(r"the user of the directory asks for a token for (?P<system>\w+)"), target_fixture="exchange")
def ask(target: Target, system: str) -> Exchange:
    return target.logins.ask(system)


@when(
    parsers.re(
        r"the user of the directory asks for a token for (?P<system>\w+) and waits for (?P<seconds>\d+) seconds"
    ),
    target_fixture="exchange",
)
def ask_and_wait(target: Target, background: ThreadPoolExecutor, system: str, seconds: str) -> Exchange:
    """By the parties' clocks, which are moved second by second."""
    call, since = background.submit(target.logins.ask, system), target.controls.monotonic()
    while not call.done() and target.controls.monotonic() < since + int(seconds):
        wait([call], LOOK_S)
        target.controls.move(1)
    done, _ = wait([call], NOTICED_S)
    if not done:
        words = f"No answer after {seconds} s"
        raise Departure(Finding("SLOW", Drift.VALUE, "issueToken", "time", words, expected=f"{seconds} s"))
    return call.result()


@given(parsers.re(r"the user of the directory has a token for (?P<system>\w+)"), target_fixture="token")
def has_token(target: Target, system: str) -> str:
    _ = target.mce  # could not be tested without
    return target.logins.token(system)


@when("a token is asked for with a wrong password", target_fixture="exchange")
def ask_with_wrong_password(target: Target) -> Exchange:
    return target.logins.with_wrong_password()


@when(parsers.re(r"a token is asked for by (?P<name>\S+)"), target_fixture="exchange")
def ask_as(target: Target, name: str) -> Exchange:
    """With the right password of somebody else, so that a name that is taken for a filter may come to something."""
    return target.logins.as_user(name, target.sso.password)


@when(parsers.re(r"a token is asked for by the unknown user (?P<name>\S+)"), target_fixture="unknown")
def ask_as_nobody(target: Target, name: str) -> Exchange:
    return target.logins.as_user(name)


@when("tokens are asked for with target_system sap, and with auth_type kerberos", target_fixture="exchanges")
def ask_wrongly(target: Target) -> Labelled:
    logins = target.logins
    return [("target_system", logins.ask("sap")), ("auth_type", logins.ask(auth_type="kerberos"))]


@when("tokens are asked for by names that would be filters", target_fixture="exchanges")
def ask_by_filters(target: Target) -> Labelled:
    """With the right password under names that an unescaped filter would take for the user's own: nobody is guessed at.

    Names that could match others are tried where a wrong password may be.
    """
    user, password = target.sso.user, target.sso.password
    own = (f"{user[:-1]}*", f"{user})(cn=*", f"{user})(objectClass=*))(&(cn=x", f"\\{ord(user[0]):02x}{user[1:]}")
    names = [*own, *(GUESSES if target.policy.auth_failures else ())]
    return [(name, target.logins.as_user(name, password)) for name in names]


@then(parsers.parse("it is a Bearer token for {seconds:d} seconds with scope {scope}"))
def is_bearer(exchange: Exchange, seconds: int, scope: str) -> None:
    body = exchange.require(200)
    for name, due in {"token_type": "Bearer", "expires_in": seconds, "scope": scope}.items():
        words = f"{name} is {body.get(name)}"
        exchange.expect(body.get(name) == due, "VALUE", f"/{name}", words, expected=due, actual=body.get(name))
    claimed = read(exchange).claims.get("scope", scope)
    if claimed != scope:
        _claims(exchange, f"The token's scope is {claimed}", expected=scope, actual=claimed)


@then("the token's header has typ JWT and an alg that signs")
def header_is_right(exchange: Exchange) -> None:
    header = read(exchange).header
    algorithm = str(header.get("alg", "none"))
    if header.get("typ") != "JWT":
        words = f"typ is {header.get('typ', 'not there')}"
        exchange.departs("TOKEN_HEADER", Drift.SHAPE, "/access_token", words, expected="JWT", actual=header)
    if algorithm.lower() == "none":
        exchange.departs("TOKEN_HEADER", Drift.AUTH, "/access_token", "Nothing signs the token", actual=header)


@then(parsers.parse("the token's sub is the user, its aud {audience}, and exp - iat is {seconds:d}"))
def claims_are_right(target: Target, exchange: Exchange, audience: str, seconds: int) -> None:
    claims = read(exchange).claims
    for name, due in {"sub": target.sso.user, "aud": audience}.items():
        told = claims.get(name)
        if told != due and told != [due]:
            _claims(exchange, f"{name} is {told}", expected=due, actual=told)
    expires, issued = claims.get("exp"), claims.get("iat")
    life = expires - issued if isinstance(expires, int) and isinstance(issued, int) else None
    if life != seconds:
        _claims(exchange, f"exp - iat is {life}", expected=seconds, actual=f"exp {expires}, iat {issued}")


@then("the keys that the host publishes verify it, where there are any")
def is_verified(target: Target, exchange: Exchange) -> None:
    keys = target.sso.get("/jwks", auth=None).require(200)
    if keys["keys"] and not read(exchange).verified_by(keys):
        words = "No published key has made this signature"
        kids = ", ".join(str(key.get("kid")) for key in keys["keys"])
        exchange.departs(
            "TOKEN_SIGNATURE", Drift.AUTH, "/access_token", words, expected=kids, actual=read(exchange).header
        )


@then("there is no token in the reply")
def no_token(exchange: Exchange) -> None:
    text = exchange.body.decode("utf-8", "replace")
    if "access_token" in text or TOKEN.search(text):
        exchange.departs("TOKEN_LEAKED", Drift.AUTH, "body", f"A {exchange.status} with a token", actual=text)


@then("there is no token in any of the replies")
def no_tokens(exchanges: Labelled) -> None:
    for _, exchange in exchanges:
        no_token(exchange)


@then("both are refused with the same 401 INVALID_CREDENTIALS")
def refused_alike(unknown: Exchange, exchange: Exchange) -> None:
    first, second = (without_time(one.require(401, "INVALID_CREDENTIALS")) for one in (unknown, exchange))
    if first != second:
        words = "Who is unknown is refused otherwise than who has the password wrong"
        exchange.departs("USER_ENUMERATION", Drift.VALUE, "body", words, expected=first, actual=second)


@when("MCE is asked with the token", target_fixture="exchange")
def ask_mce(target: Target, token: str) -> Exchange:
    return target.mce.get(READ, auth=f"Bearer {token}")


@when("MCE is asked with one character of the signature changed", target_fixture="exchange")
def ask_mce_with_other_signature(target: Target, token: str) -> Exchange:
    return target.mce.get(READ, auth=f"Bearer {with_other_signature(token)}")


@when(parsers.parse("MCE is asked with a token that is {seconds:d} seconds old"), target_fixture="exchange")
def ask_mce_when_old(target: Target, seconds: int) -> Exchange:
    """By the token's own iat; again with another token where that second passed before the answer came.

    Raises CouldNotTest where it always does: a machine that is too slow is no finding.
    """
    for _ in range(ATTEMPTS):
        issued = target.logins.ask("mce")
        token, issued_at = issued.require(200)["access_token"], read(issued).claims["iat"]
        due = dt.datetime.fromtimestamp(issued_at + seconds, dt.UTC)
        target.controls.move_to("gateway", due)
        exchange = target.mce.get(READ, auth=f"Bearer {token}")
        if exchange.status == 200 or target.controls.now("gateway") < due + dt.timedelta(seconds=HOUR_S - seconds):
            return exchange
    raise CouldNotTest(f"in {ATTEMPTS} attempts no answer came within the last second of a token's hour")


@when(parsers.parse("MCE is asked with the same token {seconds:d} seconds later"), target_fixture="exchange")
def ask_mce_later(target: Target, exchange: Exchange, seconds: int) -> Exchange:
    target.controls.move(seconds)
    return target.mce.get(READ, auth=exchange.request_headers["authorization"])


def read(exchange: Exchange) -> DecodedToken:
    """The token of a reply. Raises Departure for what is none."""
    text = exchange.require(200)["access_token"]
    try:
        return DecodedToken.read(text)
    except ValueError as error:
        words = f"The access token is no JSON Web Token: {error}"
        exchange.departs("TOKEN_FORM", Drift.SHAPE, "/access_token", words, actual=json.dumps(text))


def _claims(exchange: Exchange, words: str, **shown: object) -> NoReturn:
    exchange.departs("TOKEN_CLAIM", Drift.VALUE, "/access_token", words, **shown)
