"""The present at which tests start."""

import datetime as dt

NOW = dt.datetime(2025, 7, 29, 1, 30, tzinfo=dt.UTC)
