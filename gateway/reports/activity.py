"""What agents of the contact centre did in a month, from their changes of status."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from argus_wfm.gateway.agent_status.transitions import AgentStatus
from argus_wfm.gateway.clock import MOSCOW
from argus_wfm.gateway.queue.job import Job
from argus_wfm.gateway.reports.month import Month
from argus_wfm.gateway.reports.staff import FETCHED, Sources
from argus_wfm.gateway.reports.table import Column, ColumnKind, Row, Table, Total
from argus_wfm.gateway.storage.tables import agent_changes

TITLE = "Сводка по статусам операторов"
COUNTED = (AgentStatus.ON_CALL, AgentStatus.AVAILABLE, AgentStatus.ON_BREAK)
COLUMNS = (
    Column("agent", "Оператор", width=14),
    Column("on_call", "В разговоре, ч", ColumnKind.HOURS, 12, None, Total()),
    Column("available", "Свободен, ч", ColumnKind.HOURS, 12, None, Total()),
    Column("on_break", "На перерыве, ч", ColumnKind.HOURS, 12, None, Total()),
    Column("hours", "Всего, ч", ColumnKind.HOURS, 11, "{on_call}+{available}+{on_break}", Total()),
    Column("calls", "Звонков", ColumnKind.INTEGER, 10, None, Total()),
    Column("mean", "Средний разговор, мин", ColumnKind.HOURS, 13, "IF({calls}=0,0,ROUND({on_call}*60/{calls},2))"),
    Column("busy", "Занятость, %", ColumnKind.PERCENT, 12, "IF({hours}=0,0,ROUND({on_call}/{hours}*100,1))"),
)
NOTE = "По изменениям статусов, которые хранит шлюз (90 дней)."


def count(sources: Sources, month: Month) -> int:
    """Agents who have changed before its end."""
    query = sa.select(sa.func.count(sa.distinct(agent_changes.c.agent_id))).where(_until(month))
    with sources.engine.connect() as connection:
        return connection.scalar(query) or 0


def table(sources: Sources, _job: Job, month: Month) -> Table:
    """One row an agent; a month that is not over is counted up to now."""
    now = sources.now()
    size = count(sources, month)
    rows = _rows(sources, month, min(now, month.ends(MOSCOW)))
    return Table("agent_status_summary", TITLE, month.label, COLUMNS, rows, size, now, MOSCOW, (NOTE,))


def _until(month: Month) -> sa.ColumnElement[bool]:
    return agent_changes.c.timestamp < month.ends(MOSCOW)


def _rows(sources: Sources, month: Month, end: dt.datetime) -> Iterator[Row]:
    c = agent_changes.c
    query = sa.select(c.agent_id, c.timestamp, c.new_status).where(_until(month)).order_by(c.agent_id, c.sequence)
    with sources.engine.connect().execution_options(yield_per=FETCHED) as connection:
        for agent, changes in groupby(connection.execute(query), key=lambda change: change.agent_id):
            yield _row(agent, changes, month.begins(MOSCOW), end)


def _row(agent: str, changes: Iterator[Any], begin: dt.datetime, end: dt.datetime) -> Row:
    spent, calls = dict.fromkeys(COUNTED, 0.0), 0
    status, since = AgentStatus.OFFLINE, begin
    for change in changes:
        _add(spent, status, since, min(max(change.timestamp, begin), end))
        status, since = AgentStatus(change.new_status), max(change.timestamp, begin)
        calls += status is AgentStatus.ON_CALL and begin <= change.timestamp < end
    _add(spent, status, since, end)
    on_call, available, on_break = (round(spent[one] / 3600, 4) for one in COUNTED)
    hours = round(on_call + available + on_break, 4)
    mean = round(on_call * 60 / calls, 2) if calls else 0.0
    return agent, on_call, available, on_break, hours, calls, mean, round(on_call / hours * 100, 1) if hours else 0.0


def _add(spent: dict[AgentStatus, float], status: AgentStatus, since: dt.datetime, until: dt.datetime) -> None:
    if status in spent:
        spent[status] += max(0.0, (until - since).total_seconds())
