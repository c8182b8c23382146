"""What the terminal shows: progress that moves on a terminal and plain lines elsewhere, then one screen."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from argus_wfm.conformance.model.findings import Verdict, Witnessed
from argus_wfm.conformance.report.coverage import Coverage, CoverageState
from argus_wfm.conformance.report.results import ON_LIVE, Run
from argus_wfm.conformance.scenarios.runner import Result
from argus_wfm.conformance.target.capabilities import SKEW_S, Capability, OperationState, skew

SHOWN = 10  # findings on the screen; the rest is in the reports
NAMED = 8  # scenarios that saw it; the rest is in the reports
PLAIN_WIDTH = 120
ROOMY = 12  # columns of statuses that have two blanks between them
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.UNTESTED: "yellow", Verdict.HELD: "cyan"}
WORDS = {Verdict.PASS: "pass", Verdict.FAIL: "fail", Verdict.UNTESTED: "untested", Verdict.HELD: "held"}
MARKS = {
    CoverageState.COVERED: "[green]●[/]",
    CoverageState.DEVIATES: "[bold red]▲[/]",
    CoverageState.UNTESTED: "○",
    CoverageState.NEEDS_FAULT: "–",
}
PLAIN_STEP = 250  # generated requests between two plain lines


def safe(text: str) -> str:
    """What a host sent, without markup of ours and without control characters of a terminal's."""
    return escape(CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))


def console(kind: type[Console] = Console, *, stderr: bool = False) -> Console:
    """Colour and the terminal's width on a terminal; neither in a file or a pipe."""
    stream = sys.stderr if stderr else sys.stdout
    return kind(stderr=stderr, highlight=False, soft_wrap=True, width=None if stream.isatty() else PLAIN_WIDTH)


class _PipeConsole(Console):
    """Goes on in silence when whoever read it is gone (argus conform | head): what a run comes to is in its reports."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _unread()


def _unread() -> None:
    """Nothing of stdout is left over, which Python would try to write when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Screen:
    """Progress of one run; a context, since a terminal's live lines have to be ended."""

    def __init__(self, *, quiet: bool) -> None:
        self._out, self._quiet = console(_PipeConsole), quiet
        self._live = None if quiet or not self._out.is_terminal else _progress(self._out)
        self._tasks = {}  # type: dict[str, object]
        self._told = 0

    def __enter__(self) -> Screen:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def heading(self, text: str) -> None:
        """What is judged, under which conditions."""
        if not self._quiet:
            self._out.print(f"[bold]argus conform[/] · {safe(text)}\n")

    def capabilities(self, found: Sequence[Capability]) -> None:
        """What a host of others has, before it is judged."""
        if self._quiet:
            return
        states = Counter(one.state for one in found)
        told = " · ".join(f"{number} {state.value}" for state, number in states.items())
        self._out.print(f"Operations  {len(found)} asked: {told}")
        for one in found:
            if one.state is not OperationState.THERE:
                self._out.print(f"            [yellow]{one.operation}[/] {one.state.value}  [dim]{safe(one.words)}[/]")
        if abs(ahead := skew(found)) > SKEW_S:
            self._out.print(f"            [yellow]the host's clock is {ahead:+g} s from ours[/]; scenarios go by it")
        self._out.print()

    def scenario(self, result: Result, chosen: int) -> None:
        """One verdict, as it comes in."""
        if self._quiet:
            return
        style, word = STYLES[result.verdict], WORDS[result.verdict]
        self._out.print(f"[{style}]{word:8}[/]  {result.id}  {safe(result.title)}")
        if result.verdict in (Verdict.FAIL, Verdict.UNTESTED):
            self._out.print(f"          [dim]{safe(result.reason)}[/]")
        self._advance("scenarios", total=chosen)

    def generated(self, cases: int, phase: str, total_s: float) -> None:
        """How far the generated tests are."""
        if self._quiet:
            return
        if self._live:
            self._advance("generated", total=None, completed=cases, what=f"{phase}, {total_s:g} s in all")
        elif cases - self._told >= PLAIN_STEP:
            self._told = cases
            self._out.print(f"...       generated tests: {cases} requests, phase {phase}")

    def _advance(self, name: str, *, total: int | None, completed: int | None = None, what: str = "") -> None:
        if not self._live:
            return
        if name not in self._tasks:
            self._tasks[name] = self._live.add_task(name, total=total, what=what)
        task: object = self._tasks[name]
        if completed is None:
            self._live.update(task, total=total, advance=1)  # type: ignore[arg-type]
        else:
            self._live.update(task, completed=completed, what=what)  # type: ignore[arg-type]

    def summary(self, run: Run, written: Sequence[Path]) -> None:
        """The one screen that the run comes to."""
        if self._quiet:
            return
        out = self._out
        out.print()
        out.print(_coverage_table(run.coverage))
        out.print()
        found = run.sorted.new
        for number, witnessed in enumerate(found[:SHOWN], 1):
            out.print(_finding(number, witnessed, run))
        if len(found) > SHOWN:
            out.print(f"and {len(found) - SHOWN} more findings in the reports\n")
        for line in _baseline(run):
            out.print(line)
        for verdict, reason, names in run.not_run():
            out.print(f"[yellow]{verdict}[/]: {safe(reason)}\n       [dim]{', '.join(names)}[/]")
        out.print(_totals(run))
        out.print(f"Reports     {', '.join(str(path) for path in written)}")
        out.print(_verdict(run))

    def machine(self, text: str) -> None:
        """What a program reads, whatever else is shown."""
        try:
            print(text, end="", flush=True)
        except BrokenPipeError:
            _unread()


def _progress(out: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
        console=out,
        transient=True,
    )


def _coverage_table(covered: Coverage) -> Table:
    crowded = len(covered.statuses) > ROOMY
    table = Table(box=None, pad_edge=False, header_style="bold", collapse_padding=crowded)
    table.add_column("operation", no_wrap=True)
    table.add_column("path", no_wrap=True)
    for status in covered.statuses:
        table.add_column(str(status), justify="center", no_wrap=True, min_width=3)
    for row in covered.rows:
        marks = {cell.status: MARKS[cell.state] for cell in row.cells}
        path = f"{row.operation.method} {row.operation.path}"
        table.add_row(row.operation.id, safe(path), *(marks.get(status, "") for status in covered.statuses))
    table.caption = "● covered  ▲ deviates  ○ not tested  (429 and 5xx need a fault and are not counted)"
    table.caption_justify = "left"
    return table


def _baseline(run: Run) -> list[str]:
    """Accepted findings apart, entries that are accepted no longer, and entries of nothing that was seen."""
    lines = [
        f"[cyan]accepted[/] until {entry.expires}: {one.finding.code} {safe(one.finding.operation)}"
        f" {safe(one.finding.where)}  [dim]{safe(entry.reason)}[/]"
        for one, entry in run.sorted.accepted
    ]
    lines += [
        f"[bold red]accepted no longer[/] since {entry.expires}: {entry.code} {safe(one.finding.operation)}"
        f" {safe(one.finding.where)} counts again  [dim]{safe(entry.reason)}[/]"
        for one, entry in run.sorted.expired
    ]
    lines += [
        f"[yellow]stale[/]: {entry.code} {entry.fingerprint} of the baseline was not seen in this run"
        for entry in run.sorted.stale
    ]
    return lines


def _finding(number: int, witnessed: Witnessed, run: Run) -> str:
    finding = witnessed.finding
    times = f" · {witnessed.times} times" if witnessed.times > 1 else ""
    lines = [
        f"[bold red]{number}. {finding.code}[/] [bold]{safe(finding.operation)} {safe(finding.where)}[/]"
        f" · {finding.drift.value}{times}{' · warning' if finding.severity == 'warning' else ''}",
        f"   {safe(finding.message)}",
    ]
    if finding.expected or finding.actual:
        lines.append(f"   expected {safe(_line(finding.expected))} · actual {safe(_line(finding.actual))}")
    steady = run.frequency(witnessed)
    if steady.startswith("intermittent"):
        lines.append(f"   [yellow]{steady}[/]")
    if finding.curl:
        lines.append(f"   [dim]{safe(finding.curl)}[/]")
    if witnessed.witnesses:
        more = f" and {len(witnessed.witnesses) - NAMED} more" if len(witnessed.witnesses) > NAMED else ""
        lines.append(f"   seen by {', '.join(witnessed.witnesses[:NAMED])}{more}")
    return "\n".join(lines) + "\n"


def _line(value: str) -> str:
    return " ".join(value.split())[:PLAIN_WIDTH] or "–"


def _totals(run: Run) -> str:
    verdicts = " · ".join(f"[{STYLES[verdict]}]{run.count(verdict)} {verdict.value}[/]" for verdict in Verdict)
    lines = [f"Scenarios   {len(run.scenarios)}: {verdicts}" if run.scenarios else "Scenarios   none asked for"]
    lines.append(f"Generated   {_generated(run)}")
    covered = run.coverage
    lines.append(
        f"Coverage    {covered.percent}% of {covered.eligible} pairs of operation and status that need no fault"
        f"; absolute {covered.absolute}% (of all contracts, whatever was left out)"
    )
    both, one, whole = covered.keywords
    touched, parameters = covered.parameters
    lines.append(
        f"            keywords of requests: {both} of {whole} tried rightly and wrongly, {one} in one of both ways;"
        f" parameters: {touched} of {parameters}"
    )
    if covered.strays:
        lines.append(f"            [yellow]in the host, not in the contract: {safe(', '.join(covered.strays))}[/]")
    written = f"{run.sent.writes} of them writes" if run.sent.writes else "nothing was written to the host"
    lines.append(f"Requests    {run.sent.requests}, {written}")
    if on_live := sum(result.on_live and result.verdict is not Verdict.UNTESTED for result in run.scenarios):
        lines.append(f"            {on_live} scenario{'s' * (on_live > 1)} {ON_LIVE}")
    return "\n".join(lines)


def _generated(run: Run) -> str:
    generated = run.generated
    if generated is None:
        return "left out"
    outcomes = Counter(outcome for _, _, outcome, _ in generated.probes)
    probes = " · ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    notes = "".join(f"\n            [yellow]{safe(note)}[/]" for note in generated.notes)
    phases = ", ".join(generated.phases) or "no phase"
    return f"{generated.cases} requests ({phases}; {generated.stop}, seed {run.seed}); probes: {probes}{notes}"


def _verdict(run: Run) -> str:
    if run.interrupted:
        return (
            f"\n[bold yellow]INTERRUPTED[/]  after {run.duration_s:.1f} s; what was seen until then is in the reports"
        )
    words = {0: "[bold green]PASS[/]", 1: "[bold red]FINDINGS[/]", 2: "[bold yellow]NOTHING WAS RUN[/]"}[run.exit]
    hint = "; argus explain CODE says what a code means" if run.exit == 1 else ""
    return f"\n{words}  {len(run.sorted.new)} findings in {run.duration_s:.1f} s{hint}"
