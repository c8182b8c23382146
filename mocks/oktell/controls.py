"""/_control of the mock Oktell: what all mocks have, its speed, and events to be told of exactly so."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.routing import Router

from argus_wfm.json_type import Json
from argus_wfm.mocks.controls import Switches, body_of, control, router
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.oktell.poster import PendingPost
from argus_wfm.openapi.errors import ValidationFailed, instant

if TYPE_CHECKING:
    from argus_wfm.mocks.oktell.centre import Oktell

FATE_S = 10.0  # that a planted event may stand behind others
FASTEST = 100_000


def controls(oktell: Oktell, active_faults: ActiveFaults) -> Router:
    """
    POST feed {"events": [Event without need of event_id and timestamp, …], "loads": {queue: {waiting, longest_wait}}}
    POST live {"speed": 60}    and what all mocks have
    """

    async def feed(request: Request) -> Json:
        body = await body_of(request)
        events, loads = _events(body), _loads(body)
        planted = []
        for event in events:
            planted.append(oktell.plant(event))
            await _known(planted[-1][1])
        return {
            "events": [{"event_id": event_id, **_fate(pending)} for event_id, pending in planted],
            "loads": {queue: await _told(oktell, queue, load) for queue, load in loads.items()},
        }

    async def live(request: Request) -> Json:
        if request.method == "POST":
            oktell.live(_speed(await body_of(request)))
        return {"speed": oktell.speed}

    now = oktell.clock.now
    own = [control("/feed", feed, "POST", now=now), control("/live", live, "GET", "POST", now=now)]
    return router(oktell, Switches(active_faults, "messages"), own)


def _events(body: dict[str, Json]) -> list[dict[str, Json]]:
    """Raises ValidationFailed for what could not be told of anybody; all else may be as wrong as wanted."""
    events = body.get("events", [])
    if not isinstance(events, list):
        raise ValidationFailed("events is a list of the contract's Events", field="events")
    for number, event in enumerate(events):
        given = event if isinstance(event, dict) else {}
        if not all(isinstance(given.get(name), str) and given[name] for name in ("event", "agent_id")):
            raise ValidationFailed("an Event has event and agent_id at least", field=f"events.{number}")
    return events


def _loads(body: dict[str, Json]) -> dict[str, dict[str, Json]]:
    loads = body.get("loads", {})
    if not isinstance(loads, dict) or not all(isinstance(load, dict) for load in loads.values()):
        raise ValidationFailed('loads is {"support_queue": {"waiting": 3, "longest_wait": 42}}', field="loads")
    return loads


def _speed(body: dict[str, Json]) -> float:
    speed = body.get("speed")
    if not isinstance(speed, int | float) or isinstance(speed, bool) or not 0 <= speed <= FASTEST:
        raise ValidationFailed(f"speed is a number from 0 to {FASTEST}; 60 is a minute a second", field="speed")
    return speed


async def _told(oktell: Oktell, queue: str, load: dict[str, Json]) -> Json:
    given = {"timestamp": instant(oktell.clock.now()), **load}
    pending = oktell.poster.load(queue, given) if oktell.poster else None
    await _known(pending)
    return _fate(pending)


async def _known(pending: PendingPost | None) -> None:
    """Until it is known what has become of it; one that stands behind others which do not arrive is not waited for."""
    if pending:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FATE_S):
                await pending.settled.wait()


def _fate(pending: PendingPost | None) -> dict[str, Json]:
    if pending is None:
        return {"status": None, "body": None, "trouble": "there is no gateway to post to"}
    return pending.shown()
