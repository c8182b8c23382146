"""Report exports that the queue runs: the staff list as CSV, until the export API brings its own."""

from __future__ import annotations

import csv
import io
from typing import Any

import sqlalchemy as sa

from gateway.tables import documents, employees
from gateway.work.job import Job

Json = Any
HEADINGS = ("Табельный номер", "Фамилия", "Имя", "Отчество", "Подразделение", "Должность", "Принят", "Норма, ч/нед")
RISKY = ("=", "+", "-", "@", "\t", "\r")


def report_export(engine: sa.Engine, job: Job) -> dict[str, Json]:
    """UTF-8 with BOM and semicolons, as Russian Excel reads it; text that looks like a formula stays text (A21)."""
    e = employees.c
    names = (e.employee_code, e.last_name, e.first_name, e.middle_name, e.department_id, e.position_id, e.hire_date)
    query = sa.select(*names, e.standard_hours).where(e.active).order_by(e.employee_code)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADINGS)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    writer.writerows([_cell(value) for value in row] for row in rows)
    content = text.getvalue().encode("utf-8-sig")
    number = job.claimed.number
    with engine.begin() as connection:
        connection.execute(documents.delete().where(documents.c.operation == number))
        connection.execute(
            documents.insert().values(
                operation=number, name="personnel_list.csv", media_type="text/csv", content=content
            )
        )
    job.queue.progress(number, done=1, total=1)
    return {"file": "personnel_list.csv", "bytes": len(content), "rows": len(rows)}


def _cell(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}".replace(".", ",")
    text = str(value)
    return f"'{text}" if text.startswith(RISKY) else text
