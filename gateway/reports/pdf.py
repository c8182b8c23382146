"""PDF, laid out line by line, so that 50,000 rows need no more memory than their pages, and signed."""

from __future__ import annotations

import datetime as dt
import functools
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from reportlab.lib.pagesizes import A3, A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from argus_wfm.gateway.reports.table import Row, Table, Totals
from argus_wfm.gateway.reports.text import NARROW, NUMERIC, TOTAL, TextOptions, clean, made, shown, totals_label

FOLDER = Path(__file__).parent / "fonts"
PLAIN, BOLD = "Argus", "ArgusBold"
MARGIN = 28.0  # points, as all lengths here
LARGEST, SMALLEST = 8.0, 6.0  # sizes of the table's letters
LETTER = 0.58  # mean width of a letter of this font, as a share of its size
LEAST_HEAD = 4.0  # size of the headings' letters; a word that is too long even so is broken
PAD = 2.0
SIGNATURE = (260, 44)
TOTAL_FORM = "pages"
GREY, BLUE = (0.55, 0.55, 0.55), (0.906, 0.929, 0.953)


def write(table: Table, options: TextOptions, out: BinaryIO) -> None:
    """Landscape A4, or A3 where the columns ask for it; the signature is on the last page."""
    _fonts()
    buffer = io.BytesIO()
    box = _Pages(table, options, buffer).write()
    if options.signer:
        options.signer.sign(buffer.getvalue(), box, out)
    else:
        out.write(buffer.getvalue())


@functools.cache
def _fonts() -> None:
    """Once in a process: the font's tables are large."""
    pdfmetrics.registerFont(TTFont(PLAIN, FOLDER / "DejaVuSansCondensed.ttf"))
    pdfmetrics.registerFont(TTFont(BOLD, FOLDER / "DejaVuSansCondensed-Bold.ttf"))


class _Pages:
    def __init__(self, table: Table, options: TextOptions, buffer: io.BytesIO) -> None:
        self._table, self._options = table, options
        characters = sum(column.width for column in table.columns)
        self._page, self._size = _paper(characters)
        self._width, self._height = self._page
        scale = (self._width - 2 * MARGIN) / characters
        self._widths = [column.width * scale for column in table.columns]
        self._step = self._size * 1.25
        self._canvas = Canvas(buffer, self._page, invariant=1, pageCompression=1)
        self._canvas.setTitle(clean(f"{table.title}, {table.period}"))
        self._canvas.setSubject(clean(table.period))
        self._canvas.setAuthor("argus")
        self._canvas.setCreator("argus")
        self._canvas.setDateFormatter(lambda *_now: f"D:{table.made_at.astimezone(dt.UTC):%Y%m%d%H%M%S}+00'00'")
        titles = [_drawable(column.title) for column in table.columns]
        self._head_size = _fitting(titles, self._widths, self._size)
        self._header = self._lines(titles, BOLD, self._head_size)
        self._number, self._top, self._y = 0, 0.0, 0.0

    def write(self) -> tuple[int, int, int, int]:
        """The box that is left for the signature."""
        self._begin()
        totals = Totals(self._table.columns)
        for row in self._table.rows:
            totals.add(row)
            self._row(self._shown(row), PLAIN)
        label = totals_label(self._table)
        if label is not None:
            self._row([TOTAL if place == label else text for place, text in enumerate(self._shown(totals.row()))], BOLD)
        self._grid()
        for note in self._table.notes:
            self._note(note)
        box = self._sign_here()
        self._end()
        self._count()
        self._canvas.save()
        return box

    def _shown(self, row: Row) -> list[str]:
        pairs = zip(row, self._table.columns, strict=True)
        return [_drawable(shown(value, column.kind, self._table.zone)) for value, column in pairs]

    def _begin(self) -> None:
        """A new page with its heading."""
        self._number += 1
        canvas, top = self._canvas, self._height - MARGIN
        if self._number == 1:
            canvas.setFont(BOLD, 12)
            canvas.drawString(MARGIN, top - 12, _drawable(self._table.title))
            canvas.setFont(PLAIN, 9)
            canvas.drawString(MARGIN, top - 25, _drawable(self._table.period))
            canvas.drawRightString(self._width - MARGIN, top - 25, made(self._table))
            top -= 34
        self._top = self._y = top
        self._draw(self._header, BOLD, filled=True)

    def _end(self) -> None:
        canvas = self._canvas
        canvas.setFont(PLAIN, 7)
        canvas.drawString(MARGIN, MARGIN - 14, _drawable(f"{self._table.title}, {self._table.period}"))
        canvas.drawRightString(self._width - MARGIN - 22, MARGIN - 14, f"стр. {self._number} из")
        canvas.saveState()
        canvas.translate(self._width - MARGIN - 19, MARGIN - 14)
        canvas.doForm(TOTAL_FORM)
        canvas.restoreState()
        canvas.showPage()

    def _count(self) -> None:
        """How many pages there are is known at the end alone; each page refers to it."""
        self._canvas.beginForm(TOTAL_FORM)
        self._canvas.setFont(PLAIN, 7)
        self._canvas.drawString(0, 0, str(self._number))
        self._canvas.endForm()

    def _row(self, texts: Sequence[str], font: str) -> None:
        """On this page, or from the next one on; what is higher than a page goes over several."""
        lines = self._lines(texts, font)
        height = max(map(len, lines))
        whole = (self._height - 2 * MARGIN - 40) / self._step - len(self._header) - 1
        if self._y - height * self._step - PAD < MARGIN and height <= whole:
            self._next()
        while True:
            fits = max(1, int((self._y - MARGIN - PAD) / self._step))
            self._draw([part[:fits] for part in lines], font)
            lines = [part[fits:] for part in lines]
            if not any(lines):
                return
            self._next()

    def _next(self) -> None:
        self._grid()
        self._end()
        self._begin()

    def _fresh(self) -> None:
        """A page without a table."""
        self._end()
        self._number += 1
        self._y = self._height - MARGIN

    def _lines(self, texts: Sequence[str], font: str, size: float = 0.0) -> list[list[str]]:
        sizes = zip(texts, self._widths, strict=True)
        return [list(_wrapped(text, font, size or self._size, width - 2 * PAD)) for text, width in sizes]

    def _draw(self, lines: Sequence[Sequence[str]], font: str, *, filled: bool = False) -> None:
        """Texts and the line below them; lines between columns are drawn for a page at once (_grid)."""
        canvas = self._canvas
        height = max(1, *map(len, lines)) * self._step + PAD
        if filled:
            canvas.setFillColorRGB(*BLUE)
            canvas.rect(MARGIN, self._y - height, self._width - 2 * MARGIN, height, stroke=0, fill=1)
            canvas.setFillColorRGB(0, 0, 0)
        text, size = canvas.beginText(), self._head_size if filled else self._size
        text.setFont(font, size)
        x = MARGIN
        for part, width, column in zip(lines, self._widths, self._table.columns, strict=True):
            for number, line in enumerate(part, 1):
                left = x + PAD
                if column.width < NARROW:
                    left = x + (width - _width(line, font, size)) / 2
                elif column.kind in NUMERIC and not filled:
                    left = x + width - PAD - _width(line, font, size)
                text.setTextOrigin(left, self._y - number * self._step + self._step * 0.15)
                text.textOut(line)
            x += width
        canvas.drawText(text)
        self._y -= height
        canvas.setLineWidth(0.3)
        canvas.setStrokeColorRGB(*GREY)
        canvas.line(MARGIN, self._y, self._width - MARGIN, self._y)

    def _grid(self) -> None:
        """Between the columns, from where this page's table began to where it is now."""
        x, edges = MARGIN, [MARGIN]
        for width in self._widths:
            x += width
            edges.append(x)
        self._canvas.setLineWidth(0.3)
        self._canvas.setStrokeColorRGB(*GREY)
        self._canvas.lines([(x, self._top, x, self._y) for x in edges])
        self._canvas.line(MARGIN, self._top, self._width - MARGIN, self._top)

    def _note(self, text: str) -> None:
        for line in _wrapped(_drawable(text), PLAIN, 8, self._width - 2 * MARGIN):
            if self._y - 12 < MARGIN:
                self._fresh()
            self._y -= 12
            self._canvas.setFont(PLAIN, 8)
            self._canvas.drawString(MARGIN, self._y, line)

    def _sign_here(self) -> tuple[int, int, int, int]:
        """Who signs by hand, and the box of the electronic signature."""
        width, height = SIGNATURE
        if self._y - height - 34 < MARGIN:
            self._fresh()
        canvas, left, bottom = self._canvas, self._width - MARGIN - width, self._y - height - 16
        canvas.setFont(PLAIN, 9)
        canvas.drawString(
            MARGIN, bottom + height - 12, "Руководитель подразделения ____________________ / ____________________ /"
        )
        canvas.drawString(
            MARGIN, bottom + 6, "Ответственное лицо ____________________________ / ____________________ /"
        )
        if signer := self._options.signer:
            canvas.setStrokeColorRGB(*GREY)
            canvas.rect(left, bottom, width, height)
            canvas.setFont(BOLD, 8)
            canvas.drawString(left + 6, bottom + height - 12, "Документ подписан электронной подписью")
            canvas.setFont(PLAIN, 8)
            canvas.drawString(left + 6, bottom + height - 24, _drawable(signer.subject)[:60])
            words = "Сертификат разработки: юридической силы нет" if signer.is_development else made(self._table)
            canvas.drawString(left + 6, bottom + height - 36, words)
        return int(left), int(bottom), int(left + width), int(bottom + height)


@functools.cache
def _letters() -> frozenset[str]:
    """That the font has."""
    font: Any = pdfmetrics.getFont(PLAIN)
    return frozenset(map(chr, font.face.charToGlyph)) | {"\n", "\r"}


def _drawable(text: str) -> str:
    """Nothing is lost without a word: in the place of a letter that the font lacks stands its number in Unicode."""
    if _letters().issuperset(text):
        return text
    return "".join(one if one in _letters() else f"[U+{ord(one):04X}]" for one in clean(text))


def _paper(characters: int) -> tuple[tuple[float, float], float]:
    """The page, and the size of letters at which so many of them fit beside each other."""
    for page in (landscape(A4), landscape(A3)):
        size = (page[0] - 2 * MARGIN) / characters / LETTER
        if size >= SMALLEST:
            break
    return page, min(LARGEST, max(size, 3.0))


def _fitting(titles: Sequence[str], widths: Sequence[float], size: float) -> float:
    """The size of letters, no larger than `size`, at which no word of a heading is broken; there are limits to it."""
    words = ((word, width) for title, width in zip(titles, widths, strict=True) for word in title.split())
    shares = (size * (width - 2 * PAD) / max(_width(word, BOLD, size), 1.0) for word, width in words)
    return max(LEAST_HEAD, min([size, *shares]))


def _wrapped(text: str, font: str, size: float, width: float) -> Iterator[str]:
    """Lines that fit; a word that is too long for one is cut."""
    for paragraph in text.split("\n"):
        if _width(paragraph, font, size) <= width:
            yield paragraph.rstrip("\r")
        else:
            yield from _broken(paragraph, font, size, width)


def _broken(text: str, font: str, size: float, width: float) -> Iterator[str]:
    line, used = "", 0.0
    for letter in text:
        wide = _letter(letter, font, size)
        if used + wide > width and line:
            cut = max(line.rfind(" "), line.rfind("-")) + 1
            rest = line[cut:] if cut else ""
            yield line[:cut].rstrip() if cut else line
            line, used = rest, sum(_letter(one, font, size) for one in rest)
        line, used = line + letter, used + wide
    yield line


@functools.lru_cache(maxsize=4096)
def _width(text: str, font: str, size: float) -> float:
    return float(pdfmetrics.stringWidth(text, font, size))


@functools.lru_cache(maxsize=4096)
def _letter(letter: str, font: str, size: float) -> float:
    return float(pdfmetrics.stringWidth(letter, font, size))
