"""What writing a report costs, beside the bare library that writes the same cells: seconds, peak memory, size.

    python -m benchmarks.export [--rows 1000] [--share 1.0] [--formats csv,xlsx] [--json]

Each line is a process of its own, whose peak memory holds interpreter and imports. Reports have 8 columns, one of them
a formula, and a line of totals; there are --rows of them, and as many as the format takes (times --share). Bare is:
csv.writer, xlsxwriter with constant_memory and the same formulas, docxtpl with a template of ours, reportlab's canvas
with a drawString a cell; without widths, totals, notes and checks of texts, and the PDF unsigned. Ratios are to bare.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from argus_wfm.gateway.reports.formats import FORMATS
from argus_wfm.gateway.reports.table import Column, ColumnKind, Row, Table, Total
from argus_wfm.gateway.reports.text import TextOptions, shown

MOSCOW = dt.timezone(dt.timedelta(hours=3), "MSK")
MADE_AT = dt.datetime(2025, 8, 1, 6, tzinfo=dt.UTC)
COLUMNS = (
    Column("number", "Табельный номер", width=11),
    Column("name", "Фамилия, имя, отчество", width=34),
    Column("hired", "Принят", ColumnKind.DATE, 12),
    Column("seen", "Последний вход", ColumnKind.MOMENT, 16),
    Column("norm", "Норма, ч", ColumnKind.HOURS, 10, None, Total()),
    Column("worked", "Отработано, ч", ColumnKind.HOURS, 12, None, Total()),
    Column("over", "Сверх нормы, ч", ColumnKind.HOURS, 12, "MAX(0,{worked}-{norm})", Total()),
    Column("calls", "Звонков", ColumnKind.INTEGER, 10, None, Total()),
)
PAGE_LINES, LINE = 50, 10  # of the bare PDF, points


@dataclass(frozen=True, slots=True)
class Measured:
    """One line; peak is the process's, in MB; ratios are ours to bare."""

    format: str
    rows: int
    seconds: float
    bare_seconds: float
    ratio: float
    peak_mb: int
    bare_peak_mb: int
    size_mb: float


def main() -> None:
    """Measure and print a Markdown table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000, help="of the small reports")
    parser.add_argument("--share", type=float, default=1.0, help="of each format's limit in the large ones")
    parser.add_argument("--formats", default=",".join(FORMATS), help="several by a comma")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--child", nargs=3, metavar=("FORMAT", "BY", "ROWS"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(_written(*asked.child)))
        return
    names = [name for name in FORMATS if name in asked.formats.split(",")]
    sizes = [(name, rows) for name in names for rows in (asked.rows, int(FORMATS[name].most_rows * asked.share))]
    print(_shown([_measured(*size) for size in sizes], as_json=asked.as_json))


def rows(count: int) -> Iterator[Row]:
    """People that differ."""
    hired, seen = dt.date(2020, 2, 29), dt.datetime(2025, 7, 31, 21, 30, tzinfo=dt.UTC)
    for number in range(1, count + 1):
        worked = 150 + number % 40 + 0.25 * (number % 4)
        over = max(0.0, worked - 168.0)
        yield f"{number:07d}", f"Иванов{number} Иван Иванович", hired, seen, 168.0, worked, over, number % 900


def _measured(name: str, count: int) -> Measured:
    ours, bare = (_child(name, by, count) for by in ("ours", "bare"))
    seconds, bare_seconds = ours["seconds"], bare["seconds"]
    peaks = ours["peak_mb"], bare["peak_mb"]
    return Measured(name, count, seconds, bare_seconds, seconds / bare_seconds, *peaks, ours["size_mb"])


def _child(name: str, by: str, count: int) -> Any:
    command = [sys.executable, "-m", "benchmarks.export", "--child", name, by, str(count)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def _written(name: str, by: str, count: str) -> dict[str, float]:
    """By this process, to a file, once the library is imported."""
    write = BARE[name] if by == "bare" else _ours(name)
    write(io.BytesIO(), 1)
    with tempfile.TemporaryFile() as file:
        started = time.perf_counter()
        write(file, int(count))
        seconds, size = time.perf_counter() - started, file.tell()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "linux" else 1024)
    return {"seconds": seconds, "peak_mb": round(peak / 1024), "size_mb": size / 2**20}


def _ours(name: str) -> Callable[[Any, int], None]:
    def write(out: Any, count: int) -> None:
        table = Table("export", "Отчёт", "июль 2025 г.", COLUMNS, rows(count), count, MADE_AT, MOSCOW)
        FORMATS[name].write(table, TextOptions(), out)

    return write


def _texts(row: Row) -> list[str]:
    return [shown(value, column.kind, MOSCOW) for value, column in zip(row, COLUMNS, strict=True)]


def _bare_csv(out: Any, count: int) -> None:
    text = io.TextIOWrapper(out, "utf-8", newline="")
    csv.writer(text).writerows(rows(count))
    text.flush()
    text.detach()


def _bare_xlsx(out: Any, count: int) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet, date = book.add_worksheet(), book.add_format({"num_format": "dd.mm.yyyy"})
        for line, (number, name, hired, seen, norm, worked, over, calls) in enumerate(rows(count)):
            sheet.write_string(line, 0, number)
            sheet.write_string(line, 1, name)
            sheet.write_datetime(line, 2, hired, date)
            sheet.write_datetime(line, 3, seen.astimezone(MOSCOW).replace(tzinfo=None), date)  # type: ignore[union-attr]
            sheet.write_number(line, 4, norm)
            sheet.write_number(line, 5, worked)
            sheet.write_formula(line, 6, f"=MAX(0,F{line + 1}-E{line + 1})", None, over)
            sheet.write_number(line, 7, calls)


def _bare_docx(out: Any, count: int) -> None:
    from docxtpl import DocxTemplate

    from argus_wfm.gateway.reports.docx import FOLDER

    template = DocxTemplate(FOLDER / "report.docx")
    heads = [column.title for column in COLUMNS]
    template.render({"heads": heads, "rows": map(_texts, rows(count)), "totals": [""] * len(heads)}, autoescape=True)
    template.save(out)


def _bare_pdf(out: Any, count: int) -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    from argus_wfm.gateway.reports.pdf import FOLDER

    pdfmetrics.registerFont(TTFont("Bare", FOLDER / "DejaVuSansCondensed.ttf"))
    canvas = Canvas(out, (842, 595), pageCompression=1)
    for line, row in enumerate(rows(count)):
        if line % PAGE_LINES == 0:
            if line:
                canvas.showPage()
            canvas.setFont("Bare", 7)
        for place, text in enumerate(_texts(row)):
            canvas.drawString(28 + place * 98, 560 - line % PAGE_LINES * LINE, text)
    canvas.save()


BARE: dict[str, Callable[[Any, int], None]] = {
    "csv": _bare_csv,
    "xlsx": _bare_xlsx,
    "docx": _bare_docx,
    "pdf": _bare_pdf,
}


def _shown(measured: list[Measured], *, as_json: bool) -> str:
    conditions = {"python": platform.python_version(), "machine": platform.machine(), "columns": len(COLUMNS)}
    if as_json:
        return json.dumps({"conditions": conditions, "rows": [asdict(one) for one in measured]})
    lines = [
        "| format | rows | seconds | bare | ratio | peak, MB | bare | file, MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in measured:
        times = f"{one.seconds:.2f} | {one.bare_seconds:.2f} | {one.ratio:.1f}"
        lines.append(
            f"| {one.format} | {one.rows} | {times} | {one.peak_mb} | {one.bare_peak_mb} | {one.size_mb:.1f} |"
        )
    where = f"Python {conditions['python']} on {conditions['machine']}, {conditions['columns']} columns"
    return "\n".join([*lines, "", f"{where}, a process for each figure."])


if __name__ == "__main__":
    main()
