"""Every code is explained."""

from __future__ import annotations

from argus_wfm.conformance.model.codes import CODES, SEVERITIES, kind


def test_codes_are_explained_whole() -> None:
    for code, about in CODES.items():
        assert all((about.means, about.look, about.example)), code
        assert about.severity in SEVERITIES
        assert kind(code) in CODES
        assert kind(kind(code)) == kind(code)
