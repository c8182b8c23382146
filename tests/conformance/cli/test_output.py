"""Tables on the screen: text of a host stays in its cell and colours nothing."""

from __future__ import annotations

import pytest

from argus_wfm.conformance.cli import output
from argus_wfm.json_type import Json


def test_text_of_a_host_stays_in_its_cell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[list[Json]] = [["Иванов\n[bold]", "\x1b[31m", None], ["b", True, 0.5]]
    output.rows(("имя", "x", "y"), lines, empty="")
    plain = capsys.readouterr().out.splitlines()
    assert plain == [
        "имя            x      y",
        "Иванов [bold]  \N{REPLACEMENT CHARACTER}[31m  –",
        "b              yes    0.5",
    ]
    monkeypatch.setenv("FORCE_COLOR", "1")
    output.rows(("имя", "x", "y"), lines, empty="")
    told = capsys.readouterr().out
    assert "[bold]" in told
    assert "\x1b[31m" not in told
