"""Tables to write, and what to write them with."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Iterable, Iterator, Sequence

from argus_wfm.gateway.reports.attendance import columns as days_of
from argus_wfm.gateway.reports.formats import FORMATS
from argus_wfm.gateway.reports.month import Month
from argus_wfm.gateway.reports.table import Column, ColumnKind, Row, Table, Total
from argus_wfm.gateway.reports.text import TextOptions

MOSCOW = dt.timezone(dt.timedelta(hours=3), "MSK")
MADE_AT = dt.datetime(2025, 8, 1, 6, tzinfo=dt.UTC)
COLUMNS = (
    Column("name", "Фамилия, имя, отчество", width=30),
    Column("hired", "Принят", ColumnKind.DATE, 12),
    Column("seen", "Последний вход", ColumnKind.MOMENT, 16),
    Column("norm", "Норма, ч", ColumnKind.HOURS, 10, None, Total()),
    Column("worked", "Отработано, ч", ColumnKind.HOURS, 12, None, Total()),
    Column("over", "Сверх нормы, ч", ColumnKind.HOURS, 12, "MAX(0,{worked}-{norm})", Total("name", "Иванов Иван")),
    Column("calls", "Звонков", ColumnKind.INTEGER, 10, None, Total()),
    Column("busy", "Занятость, %", ColumnKind.PERCENT, 10, "IF({norm}=0,0,ROUND({worked}/{norm}*100,1))"),
)
HIRED, SEEN = dt.date(2020, 2, 29), dt.datetime(2025, 7, 31, 21, 30, tzinfo=dt.UTC)
PEOPLE: tuple[Row, ...] = (
    ("Иванов Иван", HIRED, SEEN, 160.0, 168.25, 8.25, 1204, 105.2),
    ("Ёлкина Анна", HIRED, SEEN, 160.0, 12.5, 0.0, 7, 7.8),
    ("Иванов Иван", None, None, 40.0, 41.1, 1.1, 0, 102.8),
)
TOTALS = [None, None, None, 360.0, 221.85, 9.35, 1211, None]
HOSTILE = (
    "=cmd|'/c calc'!A1",
    "@SUM(A1:A9)",
    "-2+3",
    "+7 495 000-00-00",
    '<b>жирный</b> & "кавычки" ]]> <!--',
    "{{ 7*7 }} {% for x in y %} ${x} {name}",
    "оператор 👩‍💻 на линии 🚀",
    "שלום \u202eабв\u202c مرحبا",
    'строка\nвторая; третья, "четвёртая"',
    "http://argus.example/?a=1&b=2",
    "_x0041_ &amp; &#65;",
    "'кавычка впереди",
)
UNHOLDABLE = "до\x00\x07\x1b[31m\ud800\ufffeпосле"  # what no document can hold
HELD = "до\ufffd\ufffd\ufffd[31m\ufffd\ufffdпосле"
LONG = "длинно " * 4682  # 32,774 characters


def table(rows: Iterable[Row] = PEOPLE, columns: Sequence[Column] = COLUMNS, count: int = 3, **more: str) -> Table:
    """Of people, unless told otherwise."""
    notes = (more.get("note", "Данные 1С ЗУП."),)
    title, period = more.get("title", "Баланс & норма"), more.get("period", "июль 2025 г.")
    return Table("example", title, period, tuple(columns), iter(rows), count, MADE_AT, MOSCOW, notes)


def texts(values: Sequence[str]) -> Table:
    """One column, one text a row."""
    return table(((value,) for value in values), (Column("text", "Текст", width=40),), len(values))


def sheet(people: int) -> Table:
    """The attendance of a month: three lines for each, 31 days, 40 columns."""
    month = Month(2025, 7)
    return table(_attendance(people), days_of(month), 3 * people, title="Табель учёта рабочего времени")


def _attendance(people: int) -> Iterator[Row]:
    chosen = random.Random(7)
    for number in range(1, people + 1):
        who = f"{number:05d}", "Константинопольский-Задунайский Александр Владимирович" if number % 5 else "Ли Ян"
        codes = [chosen.choice(("Я", "Я", "Я/Н", "В", "ОТ", "Б")) for _ in range(31)]
        hours = [{"Я": 8.1, "Я/Н": 11.7}.get(code) for code in codes]
        nights = [4.3 if code == "Я/Н" else None for code in codes]
        yield (*who, "коды", *codes, *(None,) * 6)
        worked = _sums(hours)
        yield (*who, "часы", *hours, *worked, sum(map(bool, hours)), 160.0, round(max(0.0, worked[2] - 160), 2))
        yield (*who, "ночные", *nights, *_sums(nights), sum(map(bool, nights)), None, None)


def _sums(hours: Sequence[float | None]) -> tuple[float, float, float]:
    first, second = (round(sum(one or 0.0 for one in part), 2) for part in (hours[:15], hours[15:]))
    return first, second, round(first + second, 2)


def written(name: str, what: Table, options: TextOptions | None = None) -> bytes:
    """A file of that format."""
    out = io.BytesIO()
    FORMATS[name].write(what, options or TextOptions(), out)
    return out.getvalue()
