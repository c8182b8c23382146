"""Orders that /_control of the sites refuses."""

from __future__ import annotations

from pathlib import Path

from tests.support.company import company


def test_what_is_no_order_for_a_site_is_told_what_one_is(tmp_path: Path) -> None:
    with company(tmp_path) as made:
        for path, body in (
            ("/clockings", {"site": "omsk", "shifts": []}),
            ("/clockings", {"site": "moscow", "shifts": [{"employee_id": "EMP001"}]}),
            ("/work", {"day": "01.08.2025"}),
            ("/cut-off", {"site": "moscow"}),
        ):
            reply = made.sites.control(path, body)
            assert (reply.status_code, reply.json()["code"]) == (400, "VALIDATION_ERROR"), path
