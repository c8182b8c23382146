"""Operations of openapi/operations.yaml about sites: who is there, what they push and learn, when is synced."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

from argus_wfm.gateway.api.responses import asked, decoded, encoded, moment
from argus_wfm.gateway.clock import MOSCOW
from argus_wfm.gateway.personnel.store import Employees
from argus_wfm.gateway.queue.scheduler import Scheduler
from argus_wfm.gateway.queue.views import position
from argus_wfm.gateway.sites.actuals import Actuals
from argus_wfm.gateway.sites.consistency import Consistency
from argus_wfm.gateway.sites.payroll import Payroll
from argus_wfm.gateway.sites.registry import SiteRegistry
from argus_wfm.json_type import Json
from argus_wfm.openapi import Call, Handlers
from argus_wfm.openapi.errors import instant


class SiteOperations:
    """One method per operation; the database is asked in threads."""

    def __init__(
        self,
        sites: SiteRegistry,
        employees: Employees,
        actuals: Actuals,
        payroll: Payroll,
        consistency: Consistency,
        schedule: Scheduler,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._sites, self._employees, self._actuals, self._payroll = sites, employees, actuals, payroll
        self._consistency, self._schedule, self._now = consistency, schedule, now

    def handlers(self) -> Handlers:
        """By operationId."""
        return {
            "listSites": self.list_sites,
            "getSite": self.get_site,
            "listSiteEmployees": self.list_employees,
            "listActuals": self.list_actuals,
            "pushActuals": self.push_actuals,
            "listSiteConfirmations": self.list_confirmations,
            "confirmPayroll": self.confirm_payroll,
            "getConsistency": self.get_consistency,
            "getSchedule": self.get_schedule,
        }

    async def list_sites(self, call: Call, at: str | None = None) -> Json:
        """With the time at each."""
        shown = self._at("at", at)
        return {"at": at or instant(shown), "items": [site.shown(shown) for site in self._sites]}

    async def get_site(self, call: Call, site_id: str, at: str | None = None) -> Json:
        """Raises SiteNotFound."""
        return self._sites[site_id].shown(self._at("at", at))

    async def list_employees(
        self, call: Call, site_id: str, active: bool | None = True, limit: int = 50, cursor: str | None = None
    ) -> Json:
        """By employee_id. Raises SiteNotFound."""
        at = self._sites[site_id].departments
        ask = partial(self._employees.page, active=active, after=decoded(cursor), limit=limit, departments=at)
        page = await asked(ask)
        last = page.pop("last")
        return {**page, "next": encoded(last)}

    async def list_actuals(
        self, call: Call, site_id: str, period: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Json:
        """Raises SiteNotFound."""
        site, after = self._sites[site_id], position(cursor or "")
        return await asked(partial(self._actuals.page, site, period, after=after, limit=limit))

    async def push_actuals(self, call: Call, site_id: str) -> Json:
        """Raises SiteNotFound."""
        return await asked(partial(self._actuals.take, self._sites[site_id], call.body["actuals"]))

    async def list_confirmations(self, call: Call, site_id: str, limit: int = 50, cursor: str | None = None) -> Json:
        """Raises SiteNotFound."""
        site, after = self._sites[site_id], position(cursor or "")
        return await asked(partial(self._payroll.page, site, after=after, limit=limit))

    async def confirm_payroll(self, call: Call) -> Json:
        """Raises ValidationFailed, InvalidTransition."""
        moment("confirmed_at", call.body["confirmed_at"])
        return await asked(partial(self._payroll.confirm, call.body))

    async def get_consistency(self, call: Call, period: str | None = None) -> Json:
        """Of the current month in Moscow unless another is asked for."""
        return await asked(partial(self._consistency.report, period or f"{self._now().astimezone(MOSCOW):%Y-%m}"))

    async def get_schedule(self, call: Call, since: str | None = None, count: int = 5) -> Json:
        """From now on unless another instant is given."""
        return await asked(partial(self._schedule.shown, self._at("since", since), count))

    def _at(self, name: str, given: str | None) -> dt.datetime:
        """Raises ValidationFailed."""
        return moment(name, given) if given else self._now()
