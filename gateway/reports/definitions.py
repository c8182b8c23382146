"""The reports there are, and what a request for one has to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from argus_wfm.gateway.errors import ReportNotFound, ReportTooLarge
from argus_wfm.gateway.queue.job import Job
from argus_wfm.gateway.reports import activity, attendance, balance, personnel
from argus_wfm.gateway.reports.formats import FORMATS, ReportFormat
from argus_wfm.gateway.reports.month import Month
from argus_wfm.gateway.reports.signature import Signer
from argus_wfm.gateway.reports.staff import Sources
from argus_wfm.gateway.reports.table import Table
from argus_wfm.gateway.reports.text import TextOptions
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import ValidationFailed


@dataclass(frozen=True, slots=True)
class Definition:
    """`count` is asked before work starts: rows of the report as Central knows them now."""

    id: str
    title: str
    monthly: bool
    count: Callable[[Sources, Month], int]
    make: Callable[[Sources, Job, Month], Table]

    def shown(self) -> Json:
        """As the list of reports has it."""
        month = {"name": "period", "required": self.monthly, "description": "The month it is about, YYYY-MM."}
        formats = [
            {"format": one.name, "media_type": one.media_type, "most_rows": one.most_rows} for one in FORMATS.values()
        ]
        return {"report_id": self.id, "title": self.title, "parameters": [month], "formats": formats}


REPORTS: Mapping[str, Definition] = {
    one.id: one
    for one in (
        Definition("monthly_attendance", attendance.TITLE, True, attendance.count, attendance.table),
        Definition("schedule_vs_fact", balance.SCHEDULE_TITLE, True, balance.count, balance.schedule_vs_fact),
        Definition("norm_balance", balance.NORM_TITLE, True, balance.count, balance.norm_balance),
        Definition("agent_status_summary", activity.TITLE, True, activity.count, activity.table),
        Definition("personnel_list", personnel.TITLE, False, personnel.count, personnel.table),
    )
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for; `month` is that of today where the report is about none."""

    definition: Definition
    format: ReportFormat
    month: Month
    period: str | None
    include_formulas: bool
    external_system: str | None

    @classmethod
    def of(cls, body: Mapping[str, Json], this_month: Month) -> Request:
        """From a body that keeps to the contract. Raises ReportNotFound, ValidationFailed."""
        definition = REPORTS.get(body["report_id"])
        if definition is None:
            raise ReportNotFound(
                f"There is no report {body['report_id']}; there are: {', '.join(REPORTS)}.", field="report_id"
            )
        period = body.get("period")
        if period is None and definition.monthly:
            raise ValidationFailed(f"{definition.id} is about a month; say which, as YYYY-MM.", field="period")
        return cls(
            definition,
            FORMATS[body["format"]],
            Month.of(period) if period else this_month,
            period if definition.monthly else None,
            body.get("include_formulas", True),
            body.get("external_system"),
        )

    def options(self, signer: Signer | None) -> TextOptions:
        """For the renderer."""
        return TextOptions(self.include_formulas, self.external_system, signer)

    def check(self, rows: int) -> None:
        """Raises ReportTooLarge."""
        if rows > self.format.most_rows:
            raise ReportTooLarge(
                f"{self.definition.id} has {rows} rows now, and {self.format.name} takes {self.format.most_rows} at "
                f"the most; ask for {self._larger(rows)}.",
                field="format",
            )

    def _larger(self, rows: int) -> str:
        fitting = [one.name for one in FORMATS.values() if one.most_rows >= rows]
        return " or ".join(fitting) or "a part of it: no format takes so many"

    def file_name(self) -> str:
        """As people see it."""
        return f"{self.definition.title}{f' {self.period}' if self.period else ''}.{self.format.suffix}"
