"""What no schema can see: the stream as a whole, against itself, against what it was told, and against the REST API.

Pure functions of what was heard and what the judge did. AsyncAPI testers listen and validate each payload; order,
losses, lateness and agreement are what goes wrong in practice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from argus_wfm.conformance.checks.schema import Found
from argus_wfm.conformance.model.findings import Drift, Finding
from argus_wfm.conformance.stream import messages as frame
from argus_wfm.conformance.stream.matching import AcknowledgedEvent, paired
from argus_wfm.conformance.stream.messages import About
from argus_wfm.conformance.stream.numbering import numbers
from argus_wfm.conformance.stream.transcript import ReceivedChange, StatusSnapshot, Transcript, moment, same_moment
from argus_wfm.json_type import Json

LATE_S = 2.0  # from the host's acknowledgement of an event to its message (WSK-03)
PATIENCE_S = 5.0  # after which a message counts as lost
STATUSES = ("offline", "available", "on_call", "on_break")
TRANSITIONS = {
    ("offline", "available"),
    ("available", "on_call"),
    ("on_call", "available"),
    ("available", "on_break"),
    ("on_break", "available"),
    ("available", "offline"),
    ("on_break", "offline"),
}
SAME = ("old_status", "new_status", "call_id", "queue", "timestamp")


def judged(heard: Transcript, told: Sequence[AcknowledgedEvent] = (), late_s: float | None = None) -> list[Finding]:
    """Everything that one subscription shows, each kind and place once."""
    found = About(heard.repeat)
    return _once(
        [
            *(finding for one in heard.frames for finding in frame.findings(one, heard.extended, found)),
            *_order(heard, found),
            *(finding for change in heard.changes for finding in (*_transition(change, found), *_call(change, found))),
            *(finding for change in heard.changes for finding in _filtered(heard, change, found)),
            *_numbers(heard, found),
            *_told(heard, told, LATE_S if late_s is None else late_s, found),
            *_replayed(heard, told, found),
            *_closed(heard, found),
        ]
    )


def differing(first: Transcript, second: Transcript, told: Sequence[AcknowledgedEvent]) -> list[Finding]:
    """Events that two subscribers were told of in different words, or in another number."""
    found, concerning = About(first.repeat), [one for one in told if first.concerns(one) and second.concerns(one)]
    both = [_messages(heard, concerning) for heard in (first, second)]
    for one, other in zip(*both, strict=False):
        if one != other:
            words = "Two subscribers were told differently of one change"
            return [found("STREAM_DIFFERS", Drift.VALUE, "subscribers", words, expected=one, actual=other)]
    if len(both[0]) != len(both[1]):
        words = f"One subscriber was told of {len(both[0])} changes, another of {len(both[1])}"
        return [found("STREAM_DIFFERS", Drift.VALUE, "subscribers", words)]
    return []


def disagreeing(heard: Transcript, asked: Iterable[StatusSnapshot]) -> list[Finding]:
    """What the REST API said of agents against their last messages then, or those that came meanwhile."""
    found, result = About(heard.repeat), list[Finding]()
    for one in asked:
        if not heard.opened < one.asked < one.answered < heard.ended:
            continue
        of_agent = [change for change in heard.changes if change.agent == one.status.get("agent_id")]
        before = [change for change in of_agent if change.at <= one.asked][-1:]
        candidates = [*before, *(change for change in of_agent if one.asked < change.at <= one.answered)]
        differences = [_differences(change, one) for change in candidates]
        if differences and all(differences):
            for name, said, wanted in differences[0]:
                words = f"The stream says {name} {said} of {candidates[0].agent}, the REST API {wanted}"
                shown = {"expected": wanted, "actual": said}
                result.append(found("STREAM_REST_DISAGREES", Drift.VALUE, f"/{name}", words, **shown))
    return _once(result)


def _differences(change: ReceivedChange, asked: StatusSnapshot) -> list[tuple[str, Json, Json]]:
    pairs = [(name, change.message.get(name), wanted) for name, wanted in asked.as_change.items()]
    return [(name, said, wanted) for name, said, wanted in pairs if said != wanted and not same_moment(said, wanted)]


def _numbers(heard: Transcript, found: Found) -> Iterator[Finding]:
    if heard.extended:
        yield from numbers(heard.frames, heard.since, bool({"agent_id", "queue"} & set(heard.query)), found)


def _messages(heard: Transcript, told: Sequence[AcknowledgedEvent]) -> list[dict[str, Json]]:
    """Of the told agents, since the first of the events; without what the extended stream adds."""
    agents, since = {one.agent for one in told}, min((one.sent for one in told), default=0.0)
    return [
        {name: value for name, value in change.message.items() if name != "sequence"}
        for change in heard.changes
        if change.agent in agents and change.at >= since
    ]


def _order(heard: Transcript, found: Found) -> Iterator[Finding]:
    """Each message about an agent against the one before it."""
    before: dict[str, ReceivedChange] = {}
    for change in heard.changes:
        last = before.get(change.agent)
        before[change.agent] = change
        if last is None:
            continue
        if change.message == last.message:
            words = f"The same message about {change.agent} came twice"
            yield found("STREAM_DUPLICATE", Drift.VALUE, "message", words, actual=dict(change.message))
            continue
        if "queue" not in heard.query and change.step[0] != last.step[1]:
            words = f"{change.agent} was {last.step[1]}, and now goes on from {change.step[0]}"
            yield found("STREAM_CHAIN", Drift.VALUE, "/old_status", words, expected=last.step[1], actual=change.step[0])
        earlier, later = moment(last.message.get("timestamp")), moment(change.message.get("timestamp"))
        if earlier and later and later < earlier:
            words = f"A message about {change.agent} is {(earlier - later).total_seconds():g} s before its predecessor"
            shown = {"expected": f"≥ {last.message['timestamp']}", "actual": change.message["timestamp"]}
            yield found("STREAM_TIME_BACK", Drift.VALUE, "/timestamp", words, **shown)


def _transition(change: ReceivedChange, found: Found) -> Iterator[Finding]:
    """A status that there is not is the schema's business."""
    old, new = change.step
    if old in STATUSES and new in STATUSES and (old, new) not in TRANSITIONS:
        words = f"{change.agent} went from {old} to {new}, which no event does"
        wanted = ", ".join(sorted(after for before, after in TRANSITIONS if before == old))
        yield found("STREAM_ILLEGAL_TRANSITION", Drift.VALUE, "/new_status", words, expected=wanted, actual=new)


def _filtered(heard: Transcript, change: ReceivedChange, found: Found) -> Iterator[Finding]:
    """Of whom or what the subscription did not ask for; a change that ends a call names no queue."""
    agent, queue, told = heard.query.get("agent_id"), heard.query.get("queue"), change.message.get("queue")
    if agent is not None and change.agent != agent:
        words = f"A change of {change.agent} came to a subscription to {agent} alone"
        yield found("STREAM_FILTER", Drift.VALUE, "query agent_id", words, expected=agent, actual=change.agent)
    if queue is not None and told not in (None, queue):
        words = f"A change of {told} came to a subscription to {queue} alone"
        yield found("STREAM_FILTER", Drift.VALUE, "query queue", words, expected=queue, actual=told)


def _call(change: ReceivedChange, found: Found) -> Iterator[Finding]:
    """Text on a call, null off it (A13)."""
    on_call = change.step[1] == "on_call"
    for name in ("call_id", "queue"):
        if name in change.message and (change.message[name] is not None) != on_call:
            value = change.message[name]
            words = f"{name} is {value} in a message of {change.step[1]}"
            wanted = "text" if on_call else None
            yield found("STREAM_CALL_MEMBERS", Drift.VALUE, f"/{name}", words, expected=wanted, actual=value)


def _told(heard: Transcript, told: Sequence[AcknowledgedEvent], late_s: float, found: Found) -> Iterator[Finding]:
    """Each acknowledged event against its message."""
    concerning = [one for one in told if heard.concerns(one)]
    for one, change in paired(concerning, heard.changes, heard.since is None):
        said = f"{one.agent} from {one.result.get('old_status')} to {one.result.get('new_status')}"
        if change is None:
            code = "STREAM_LOST" if heard.since is None else "STREAM_GAP"
            yield found(code, Drift.VALUE, "message", f"No message told of {said}", expected=dict(one.result))
            continue
        after = change.at - one.acknowledged
        if heard.since is None and after > late_s:
            words = f"The message of {said} came {after:.1f} s after the host had acknowledged the event"
            yield found("STREAM_LATE", Drift.VALUE, "time", words, expected=f"≤ {late_s:g} s", actual=f"{after:.1f} s")
        for name in SAME:
            told_of, heard_of = one.result.get(name), change.message.get(name)
            if name in change.message and told_of != heard_of and not same_moment(told_of, heard_of):
                words = f"{name} is {heard_of} in the message, {told_of} in the reply to the event"
                yield found("STREAM_REST_DISAGREES", Drift.VALUE, f"/{name}", words, expected=told_of, actual=heard_of)


def _replayed(heard: Transcript, told: Sequence[AcknowledgedEvent], found: Found) -> Iterator[Finding]:
    """Messages of what was over before the subscription began, and before the number it was to go on after."""
    old = [one for one in told if not heard.concerns(one) and one.acknowledged < heard.opened]
    changes, concerning = heard.changes, [one for one in told if heard.concerns(one)]
    due = {id(change) for _, change in paired(concerning, changes, heard.since is None)}
    for change in changes:
        again = next((one for one in old if one.is_told_by(change.message)), None)
        if again and id(change) not in due:
            words = f"The change of {change.agent} to {change.step[1]} was told again after a reconnect"
            yield found("STREAM_DUPLICATE", Drift.VALUE, "reconnect", words, actual=dict(change.message))


def _closed(heard: Transcript, found: Found) -> Iterator[Finding]:
    closing = heard.closing
    if closing is None or closing.ours:
        return
    if closing.refused and closing.code == 1007:
        yield found("STREAM_NOT_JSON", Drift.PROTOCOL, "frame", f"A text frame is not UTF-8: {closing.reason}")
        return
    who = "We could not read what came" if closing.refused else "The host ended the subscription"
    yield found("STREAM_CLOSED", Drift.VALUE, "close", f"{who}: {closing.code} {closing.reason}".strip())


def _once(findings: Iterable[Finding]) -> list[Finding]:
    return list({finding.fingerprint: finding for finding in reversed(list(findings))}.values())[::-1]
