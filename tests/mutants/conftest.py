"""Both figures of the mutants, at the end of a run, over all its processes."""

from __future__ import annotations

from typing import Any

KINDS = {
    "test_mutant_is_caught_and_named": ("mutants caught", "passed"),
    "test_variation_is_not_accused": ("variations accused", "failed"),
}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    said = []
    for test, (words, counted) in KINDS.items():
        outcomes = {
            outcome: sum(
                f"{test}[" in report.nodeid and report.when == "call"
                for report in terminalreporter.stats.get(outcome, ())
            )
            for outcome in ("passed", "failed")
        }
        if sum(outcomes.values()):
            said.append(f"{words} {outcomes[counted]} of {sum(outcomes.values())}")
    if said:
        terminalreporter.write_line("; ".join(said))
