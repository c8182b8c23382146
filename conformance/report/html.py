"""index.html: the run on one page, without a script or anything fetched."""

from __future__ import annotations

import functools
from itertools import groupby
from typing import Any

import jinja2

from conformance.findings import CODES, Verdict
from conformance.results import Run


def render(run: Run) -> str:
    """The whole page."""
    scenarios = sorted(run.scenarios, key=lambda result: (result.feature, result.id))
    features = [(name, list(results)) for name, results in groupby(scenarios, key=lambda result: result.feature)]
    page: str = _template().render(run=run, features=features, verdicts=list(Verdict), codes=CODES)
    return page


@functools.cache
def _template() -> Any:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("conformance.report", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("index.html.j2")
