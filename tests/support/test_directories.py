"""Without slapd its tests are skipped, or fail where peers are required."""

from __future__ import annotations

import pytest

from tests.support import directories
from tests.support.directories import slapd


@pytest.mark.parametrize(("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_without_slapd_its_tests_are_skipped_or_fail(
    monkeypatch: pytest.MonkeyPatch, required: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("ARGUS_REQUIRE_PEERS", required)
    monkeypatch.setattr(directories, "PLACES", "/nowhere")
    with pytest.raises(outcome, match="slapd is not installed"), slapd():
        pass
