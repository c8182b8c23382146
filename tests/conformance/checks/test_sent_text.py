"""Text that the run itself sent damaged is no finding of the host's; anything else that came damaged is."""

from __future__ import annotations

import copy
import json

import pytest

from argus_wfm.conformance.target.recorder import Recorder
from tests.support.exchanges import EXAMPLES, GOOD, exchange


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize(
    "text", ["Р\ufffdРІ??", "\x88¶", "\x88", "ô\U000d75d70q\x80÷\x9f", "Привет??", "ÈâàíîâÈâàíîâ" * 20]
)
def test_what_the_run_itself_has_sent_damaged_is_no_finding_of_the_host_s(text: str, escaped: bool) -> None:
    recorder = Recorder()
    sent = exchange("sendSchedule", body=EXAMPLES["sendSchedule 200"])
    sent.request_body = json.dumps({"rows": [{"note": text}]}, ensure_ascii=escaped).encode()
    recorder.add(sent)
    recorder.add(exchange("sendSchedule", body={**EXAMPLES["sendSchedule 200"], "document_id": text}))
    recorder.add(exchange("sendSchedule", body={**EXAMPLES["sendSchedule 200"], "document_id": f"{text}, 1"}))
    for said in (f"no employee {text}.", f"{text[:9]!r}… is longer than 64"):
        recorder.add(exchange("sendSchedule", body={**EXAMPLES["sendSchedule 200"], "document_id": said}))
    assert "MOJIBAKE" not in [finding.code for finding in recorder.drain().findings]


def test_an_echo_excuses_no_damage_beside_it() -> None:
    recorder, rows = Recorder(), copy.deepcopy(GOOD)
    sent = exchange("sendSchedule", body=EXAMPLES["sendSchedule 200"])
    sent.request_body = json.dumps(["Ôèãíÿ??", "и", "??", "???"], ensure_ascii=False).encode()
    recorder.add(sent)
    names = ("Ôèãíÿ??", "Служба ра??ты и про??ж", "?? ????? ??", "Èâàíîâ")
    rows["agents"] = [{**rows["agents"][0], "agent_id": f"A{n}", "lastname": name} for n, name in enumerate(names)]
    recorder.add(exchange(body=rows))
    (found,) = [one for one in recorder.drain().findings if one.code == "MOJIBAKE"]
    assert (found.where, "3 times" in found.message) == ("/agents/1/lastname", True)


def test_what_was_sent_whole_and_came_damaged_is_one() -> None:
    recorder = Recorder()
    sent = exchange("sendSchedule", body=EXAMPLES["sendSchedule 200"])
    sent.request_body = json.dumps({"rows": ["Петров", "é"]}).encode()
    recorder.add(sent)
    for text in ("Петров".encode().decode("cp1251"), "\u0090é\u0098", "??????"):
        recorder.add(exchange("sendSchedule", body={**EXAMPLES["sendSchedule 200"], "document_id": text}))
    assert [finding.code for finding in recorder.drain().findings].count("MOJIBAKE") == 3
