"""Column types that behave alike on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class Utc(sa.TypeDecorator[dt.datetime]):
    """Aware UTC on both sides; SQLite itself drops the zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return value and value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return value and (value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC))


class Words(sa.TypeDecorator[str]):
    """Text of anybody's; PostgreSQL takes no NUL in it."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.replace("\0", "\N{REPLACEMENT CHARACTER}")
