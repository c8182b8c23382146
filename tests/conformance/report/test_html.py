"""The HTML page of a run escapes what a host sent."""

from __future__ import annotations

from pathlib import Path

from argus_wfm.conformance import report
from tests.support.runs import FAILED, GENERATED, HELD, PASSED, UNTESTED, run


def test_page_escapes_what_a_host_sent(tmp_path: Path) -> None:
    report.write(run(PASSED, FAILED, HELD, UNTESTED, generated=GENERATED), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Иванов" in page
    for told in ("MOJIBAKE", "PER-05", "needs 100 employees", "--allow-writes lets it run", "shallow"):
        assert told in page
