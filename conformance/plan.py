"""What one run of the judge is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from argus_wfm.conformance.target.kill_switch import FAILURES

CONTRACTS = ("personnel", "mce", "sso", "export")


NO_SCENARIOS = ("none",)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line asked for; times in seconds, `base_url` wins over `target`.

    The last three are for third-party hosts alone; None takes the limit that preflight chooses.
    """

    target: str = "mocks"
    base_url: str = ""
    allow_writes: bool = False
    allow_auth_failures: bool = False
    only: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    failed: bool = False
    tag: str = ""
    max_time_s: float = 30
    seed: int = 1
    report: Path = Path("argus-report")
    as_json: bool = False
    workers: int = 2
    baseline: Path | None = None
    write_baseline: Path | None = None
    max_requests: int | None = None
    max_failures: int = FAILURES
    max_minutes: float | None = None

    @property
    def on_mocks(self) -> bool:
        """Whether we start what we judge."""
        return not self.base_url and self.target == "mocks"

    @property
    def wants_scenarios(self) -> bool:
        return self.scenarios != NO_SCENARIOS

    @property
    def wants_generated(self) -> bool:
        """Not when the user names scenarios: then only these run."""
        return self.max_time_s > 0 and not self.failed and (not self.scenarios or not self.wants_scenarios)
