"""How one operation, and the queue as a whole, look to people."""

from __future__ import annotations

import json

from argus_wfm.conformance.cli import output
from argus_wfm.conformance.cli.progress import done, eta
from argus_wfm.json_type import Json

MEMBERS = {
    "id": "id",
    "kind": "kind",
    "status": "status",
    "reason": "reason",
    "retries": "attempt",
    "redriven": "redriven",
    "submitted": "submitted_at",
    "due": "due_at",
    "started": "started_at",
    "finished": "finished_at",
    "principal": "principal",
    "request id": "request_id",
}


def show_operation(one: Json) -> None:
    """Everything that is known of it."""
    output.facts((name, one[member]) for name, member in MEMBERS.items())
    output.facts([("progress", done(one["progress"]) or None), ("left", eta(one["progress"]) or None)])
    if one["error"]:
        output.facts([("error", f"{one['error']['code']}: {one['error']['message']}"), *_details(one["error"])])
    if one["result"] is not None:
        output.facts((f"· {name}", value) for name, value in one["result"].items())
    if one["attempts"]:
        print()
        members = ("number", "started_at", "ended_at", "code", "last_error")
        lines = [[tried[member] for member in members] for tried in one["attempts"]]
        output.rows(("retry", "started", "ended", "code", "last error"), lines, empty="")


def _details(error: Json) -> list[tuple[str, Json]]:
    return [("last error", error["details"].get("last_error")), ("field", error["details"].get("field"))]


def show_queue(queue: Json) -> None:
    """Counts, what is due, and who works."""
    output.facts(
        [
            ("paused", queue["paused"]),
            ("oldest due", queue["oldest_due_at"] or ""),
            ("next due", queue["next_due_at"] or ""),
        ]
    )
    print()
    output.rows(("status", "operations"), queue["statuses"].items(), empty="")
    print()
    output.rows(("kind", "open"), queue["kinds"].items(), empty="")
    print()
    lines = [[one["id"], one["host"], one["seen_at"], one["running"]] for one in queue["workers"]]
    output.rows(("worker", "host", "seen", "running"), lines, empty="No worker runs; argus worker starts one.")


def print_json(document: Json) -> None:
    """Indented, with readable Cyrillic."""
    output.text(json.dumps(document, ensure_ascii=False, indent=2))


def say_more(page: Json) -> None:
    """After a listing that --limit has cut."""
    if page["next"]:
        output.note(f"There are more; the {len(page['items'])} newest are shown (--limit).")
