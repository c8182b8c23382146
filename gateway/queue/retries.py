"""The retry policy of the queue: 30, 120 and 300 s, then the dead-letter queue (seed section 5; A04, A05)."""

from __future__ import annotations

import datetime as dt

DELAYS_S = (30, 120, 300)  # before retry 1, 2 and 3, each from the failure before it


def retry_at(failed_at: dt.datetime, attempt: int) -> dt.datetime | None:
    """When to try again after failed attempt number `attempt`, which is 0 for the first; None when none is left."""
    return failed_at + dt.timedelta(seconds=DELAYS_S[attempt]) if attempt < len(DELAYS_S) else None
