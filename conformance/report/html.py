"""index.html: the run on one page; nothing is fetched, and without its script only the filters are missing."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import jinja2

from argus_wfm.conformance.model.codes import CODES, SEVERITIES
from argus_wfm.conformance.model.findings import Verdict, Witnessed
from argus_wfm.conformance.report.results import Run


def render(run: Run) -> str:
    """The whole page."""
    scenarios = sorted(run.scenarios, key=lambda result: (result.feature, result.id))
    features = [(name, list(results)) for name, results in groupby(scenarios, key=lambda result: result.feature)]
    page: str = _template().render(
        run=run,
        features=features,
        verdicts=list(Verdict),
        codes=CODES,
        severities=SEVERITIES,
        found=_by_operation(run.sorted.new),
        expired={one.finding.fingerprint: entry for one, entry in run.sorted.expired},
    )
    return page


def _by_operation(found: Sequence[Witnessed]) -> dict[str, list[Witnessed]]:
    """Errors before warnings, otherwise in the order first seen."""
    grouped: dict[str, list[Witnessed]] = {}
    for witnessed in sorted(found, key=lambda one: one.finding.severity):
        grouped.setdefault(witnessed.finding.operation, []).append(witnessed)
    return grouped


@functools.cache
def _template() -> Any:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("argus_wfm.conformance.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("index.html.j2")
