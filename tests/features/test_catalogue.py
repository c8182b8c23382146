"""The features against the catalogue: ids, files and tags, each scenario once, no step that nothing uses."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from pytest_bdd.feature import get_features
from pytest_bdd.steps import step_function_context_registry

FOLDER = Path(__file__).parents[2] / "features"
CATALOGUE = {
    "personnel_agents": {f"PER-{number:02d}": "read" for number in range(1, 13)},
    "authentication": {f"AUT-{number:02d}": "read" for number in range(1, 5)},
    "schedule_upload": {f"SCH-{number:02d}": "write" for number in range(1, 12)},
    "norm_hours": {f"NRM-{number:02d}": "read" for number in range(1, 13)},
    "timesheet": {f"TMS-{number:02d}": "write" if number > 5 else "read" for number in range(1, 8)},
    "error_format": {f"ERR-{number:02d}": "read fault" if number == 6 else "read" for number in range(1, 7)},
    "circuit_breaker": {
        "BRK-01": "read fault clock",
        "BRK-02": "read fault admin",
        "BRK-03": "read fault admin",
        "BRK-04": "read fault clock admin",
        "BRK-05": "read fault clock admin",
    },
    "personnel_sync": {
        **{f"SYN-{number:02d}": "write admin" for number in range(1, 4)},
        "SYN-04": "write clock admin",
        "SYN-05": "write fault admin",
    },
    "queue_retry": {
        **{f"QUE-{number:02d}": "write admin" for number in range(1, 4)},
        **{f"QUE-{number:02d}": "write fault clock admin" for number in (4, 5, 6, 8)},
        "QUE-07": "write fault admin",
    },
    "performance_cache": {
        "PRF-01": "read",
        "PRF-02": "read admin",
        "PRF-03": "read clock admin",
        "PRF-04": "read clock admin",
        "PRF-05": "write admin",
        "PRF-06": "read fault admin",
    },
    "audit": {
        **{f"AUD-{number:02d}": "read admin" for number in (1, 2, 3, 5)},
        "AUD-04": "write fault clock admin",
    },
    "mce_status": {
        **{f"MCE-{number:02d}": "read" for number in (1, 2, 3, 4, 10)},
        **{f"MCE-{number:02d}": "write" for number in range(5, 10)},
    },
    "agent_status_ws": {
        **{f"WSK-{number:02d}": "read" for number in (1, 2)},
        **{f"WSK-{number:02d}": "write" for number in range(3, 7)},
        "WSK-07": "read fault",
    },
    "data_mapping": {f"MAP-{number:02d}": "read admin" for number in range(1, 6)},
    "sso_token": {
        **{f"SSO-{number:02d}": "read" for number in range(1, 9)},
        "SSO-09": "read clock",
        "SSO-10": "read fault",
    },
    "report_export": {**{f"RPT-{number:02d}": "write" for number in range(1, 9)}, "RPT-09": "read"},
    "multi_site": {
        **{f"SITE-{number:02d}": "read" for number in (1, 2)},
        **{f"SITE-{number:02d}": "write admin" for number in (3, 5, 6)},
        "SITE-04": "write clock admin",
    },
}
FEATURES = {Path(feature.filename).stem: feature for feature in get_features([str(FOLDER)])}


@pytest.mark.parametrize("name", CATALOGUE)
def test_feature_has_just_its_scenarios_with_their_tags(name: str) -> None:
    found = {}
    for scenario in FEATURES[name].scenarios.values():
        (scenario_id,) = [tag for tag in scenario.tags if tag.isupper() or tag[:3].isupper()]
        found[scenario_id] = scenario.tags - {scenario_id}
    assert found == {scenario_id: set(tags.split()) for scenario_id, tags in CATALOGUE[name].items()}


def test_there_are_128_scenarios_and_no_other_file() -> None:
    assert set(FEATURES) == set(CATALOGUE)
    titles = [scenario.name for feature in FEATURES.values() for scenario in feature.scenarios.values()]
    assert (len(titles), len(set(titles))) == (128, 128)


def test_every_scenario_ends_in_a_check() -> None:
    for feature in FEATURES.values():
        for scenario in feature.scenarios.values():
            assert scenario.steps[-1].type == "then", scenario.name


def test_no_step_is_written_for_nothing() -> None:
    """Each step function's pattern matches some line of some feature."""
    for module in ("replies", "roster", "faults", "operations", "contact_centre", *CATALOGUE):
        importlib.import_module(f"argus_wfm.features.steps.{module}")
    lines = [step.name for feature in FEATURES.values() for one in feature.scenarios.values() for step in one.steps]
    ours = [
        context
        for context in step_function_context_registry.values()
        if context.step_func.__module__.startswith("argus_wfm.features.steps.")
    ]
    assert len(ours) > 50
    for context in ours:
        assert any(context.parser.is_matching(line) for line in lines), context.parser


def test_features_name_no_host_and_no_person_of_the_mock() -> None:
    for file in FOLDER.glob("*.feature"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\d+\.\d+\.\d+\.\d+|MCE\d{3}\b|EMP\d{3}", text), file.name
