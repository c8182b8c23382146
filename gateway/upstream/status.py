"""What is known of an upstream from the calls made so far, for /health."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import instant


@dataclass(slots=True)
class UpstreamStatus:
    """What is known of the upstream from the calls made so far; instants in UTC, None before the first."""

    last_success: dt.datetime | None = None
    last_failure: dt.datetime | None = None
    last_error: str | None = None

    def shown(self) -> dict[str, Json]:
        """For /health: state is unknown, ok or failing, by the latest call."""
        moments = {"last_success": self.last_success, "last_failure": self.last_failure}
        state = "failing" if self.failing else "ok" if self.last_success else "unknown"
        return {"state": state, **{name: moment and instant(moment) for name, moment in moments.items()}} | {
            "last_error": self.last_error if self.failing else None
        }

    @property
    def failing(self) -> bool:
        """Whether the latest call failed."""
        return self.last_failure is not None and (self.last_success or self.last_failure) <= self.last_failure

    def succeeded(self, now: dt.datetime) -> bool:
        """Whether that is a recovery."""
        recovered, self.last_success = self.failing, now
        return recovered

    def failed(self, now: dt.datetime, said: str) -> None:
        """What it said, and when."""
        self.last_failure, self.last_error = now, said

    def reset(self) -> None:
        """As new."""
        self.last_success = self.last_failure = self.last_error = None
