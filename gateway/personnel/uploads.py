"""What goes between Central and 1C in batches: schedules, actual work time, time sheets (seed section 9)."""

from __future__ import annotations

from collections.abc import Sequence

from argus_wfm.gateway.queue.job import Job
from argus_wfm.json_type import Json


def schedule_upload(job: Job) -> dict[str, Json]:
    """100 employees a request; the rows of the result are the schedules that 1C refused (A27)."""
    payload = job.payload()
    period = {name: payload[name] for name in ("period_start", "period_end")}

    def send(batch: int, schedules: Sequence[Json]) -> Json:
        body = {**period, "schedules": list(schedules)}
        reply = job.upstream.post(job.claimed, "sendSchedule", body, job.key(batch))
        counted = {name: reply[name] for name in ("document_id", "employees_processed", "shifts_created")}
        return {**counted, "rows": reply["errors"]}

    replies = job.batched(payload["schedules"], send)
    processed = sum(reply["employees_processed"] for reply in replies)
    refused = sum(len(reply["rows"]) for reply in replies)
    return {
        "status": ("partial" if processed else "error") if refused else "success",
        "document_ids": [reply["document_id"] for reply in replies if reply["document_id"]],
        "employees_processed": processed,
        "shifts_created": sum(reply["shifts_created"] for reply in replies),
        "refused": refused,
        "requests": len(replies),
    }


def fact_transfer(job: Job) -> dict[str, Json]:
    """One shift a call; the rows are what 1C made of each."""

    def send(batch: int, facts: Sequence[Json]) -> Json:
        reply = job.upstream.post(job.claimed, "sendFactWorkTime", facts[0], job.key(batch))
        return {"rows": [{"agentId": facts[0]["agentId"], "date_start": facts[0]["date_start"], **reply}]}

    rows = [row for reply in job.batched(job.payload()["facts"], send) for row in reply["rows"]]
    taken = sum(row["result"] for row in rows)
    return {"taken": taken, "failed": len(rows) - taken, "documents": sum(bool(row["doc"]) for row in rows)}


def timesheet_request(job: Job) -> dict[str, Json]:
    """50 agents a call; the rows are the time sheets."""
    payload = job.payload()
    period = {name: payload[name] for name in ("date_start", "date_end")}

    def send(_batch: int, agents: Sequence[str]) -> Json:
        body = {**period, "AR_agents": [{"agentId": agent} for agent in agents]}
        return {"rows": job.upstream.post(job.claimed, "getTimetypeInfo", body)}

    replies = job.batched(payload["agents"], send)
    return {"timesheets": sum(len(reply["rows"]) for reply in replies), "requests": len(replies)}
