"""The mock Oktell as a whole: it lives by its clock, and does as its controls say."""

from __future__ import annotations

import pytest

from argus_wfm.json_type import Json
from argus_wfm.mocks.faults.message_models import Deviation
from argus_wfm.mocks.faults.parser import KINDS
from tests.support.oktell import Centre, Receiver, call, centre, login


def of(view: Json, agent_id: str = "MCE001") -> Json:
    return next(agent for agent in view["agents"] if agent["agent_id"] == agent_id)


def test_it_stands_still_until_it_is_to_live() -> None:
    with Receiver().listening() as receiver, centre(receiver.url) as here:
        here.move(3600)
        assert (receiver.events, receiver.loads, here.state()["floor_time"]) == ([], [], "2025-07-29T01:30:00Z")
        assert here.told("/live", {"speed": 60}) == {"speed": 60}
        here.move(60)
        assert "2025-07-29T02:30" <= here.state()["floor_time"] < "2025-07-29T06:00"
        here.told("/live", {"speed": 0})
        here.move(0)  # returns once what was under way has arrived
        assert len(receiver.made) == here.state()["posting"]["acknowledged"] > 50
        assert {agent["status"] for agent in here.state()["agents"]} > {"offline"}
        many = len(receiver.events)
        here.move(3600)
        assert len(receiver.events) == many


def test_what_is_posted_and_streamed_is_the_same_day() -> None:
    with Receiver().listening() as receiver, centre(receiver.url, speed=1) as here, here.listen() as stream:
        here.move(600)
        posted = [event["agent_id"] for event in receiver.events]
        heard = [stream.recv(5) for _ in posted]
        assert sorted(posted) == sorted(str(message).split('"agent_id":"')[1][:6] for message in heard)


def test_leap_of_weeks_is_a_day_and_stays_in_order() -> None:
    with Receiver().listening() as receiver, centre(receiver.url, speed=1, agents=3) as here:
        here.move(60)
        here.move(30 * 86_400)
        state = here.state()
        assert state["floor_time"][:10] == "2025-07-30"
        assert state["posting"]["refused"] == 0 < state["posting"]["acknowledged"]
        assert max(event["timestamp"] for event in receiver.events) <= here.told("/clock")["now"]


def test_state_shows_who_does_what() -> None:
    with centre(agents=5) as here:
        here.feed(login(queues=["vip_queue"]), call(), login("MCE777"))
        view = here.state()
        one = of(view)
        assert (one["status"], one["call_id"], one["queue"]) == ("on_call", "CALL123", "support_queue")
        assert one["queues"] == ["vip_queue"]
        assert one["since"].startswith("2025-07-29T01:30")
        assert of(view, "MCE777")["status"] == "available"
        assert view["posting"] is None
        assert of(view, "MCE002")["status"] == "offline"


def test_planted_event_without_a_gateway_has_no_reply() -> None:
    with centre() as here:
        told = here.feed(login(event_id="EVT0005"))["events"][0]
        assert (told["event_id"], told["status"]) == ("EVT0005", None)
        assert "no gateway" in told["trouble"]


def test_reset_and_seed_begin_anew() -> None:
    with Receiver().listening() as receiver, centre(receiver.url, speed=1, faults=("lose,times=1",)) as here:
        here.move(300)
        here.inject({"fault": "duplicate"})
        here.told("/live", {"speed": 7})
        view = here.told("/reset", {})
        assert (view["posting"]["posted"], view["speed"], len(view["faults"])) == (0, 1, 1)
        assert all(agent["status"] == "offline" for agent in view["agents"])
        first = {agent["agent_id"] for agent in view["agents"]}
        assert here.told("/seed", {"seed": 2, "agents": 30}) == {"seed": 2, "agents": 30}
        assert len(here.state()["agents"]) == 30 > len(first) == 20
        here.move(60)
        ids = [event["event_id"] for event in receiver.events]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/live", {"speed": -1}),
        ("/live", {"speed": "fast"}),
        ("/live", {}),
        ("/feed", {"events": {}}),
        ("/feed", {"events": [{"event": "login"}]}),
        ("/feed", {"events": ["login"]}),
        ("/feed", {"loads": []}),
        ("/clock", {"move_seconds": -1}),
        ("/seed", {"agents": 0}),
        ("/faults", {"fault": "hang"}),
        ("/faults", {"fault": "late"}),
        ("/faults", {"fault": "lose", "operation": "getAgents"}),
    ],
)
def test_nonsense_is_refused_in_one_line(standing: Centre, path: str, body: Json) -> None:
    reply = standing.control(path, body)
    assert (reply.status_code, reply.json()["code"]) == (400, "VALIDATION_ERROR")


def test_planted_nonsense_is_told_of_as_it_is(standing: Centre) -> None:
    weird = {"event": "teleport", "agent_id": "MCE003", "queue": 5, "queues": [{}], "call_id": None}
    assert standing.feed(weird)["events"][0]["status"] is None
    assert standing.root("/health").ok


def test_faults_are_those_of_messages(standing: Centre) -> None:
    words = standing.control("/faults", {"fault": "hang"}).json()["message"]
    assert "hang strikes replies" in words
    listed = words.split("there are: ")[1].split(".")[0].split(", ")
    assert set(listed) == {name for name, kind in KINDS.items() if issubclass(kind, Deviation)}


def test_paths_that_are_not_there_have_the_envelope(standing: Centre) -> None:
    for reply, expected in (
        (standing.root("/nothing"), (404, "NOT_FOUND")),
        (standing.root("/ws/agent-status"), (404, "NOT_FOUND")),
        (standing.control("/feed"), (405, "METHOD_NOT_ALLOWED")),
    ):
        assert (reply.status_code, reply.json()["code"]) == expected
    assert standing.root("/health").json()["service"] == "oktell"
