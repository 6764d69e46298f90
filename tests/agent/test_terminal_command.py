"""``kassabridge device`` at a card terminal: what moves money is a job of the journal, everything else a question."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from agent.cli import main
from agent.devices.lane_thread import LaneThread
from tests.support.journals import sql


class Till:
    """A terminal in this process, whose memory is a file, and the command line before it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        (folder / "config.toml").write_text(
            f'[server]\nurl = "http://127.0.0.1:1"\n[agent]\ndata_dir = "{folder.as_posix()}/data"\n', "utf-8"
        )

    def does(self, *arguments: str, fault: str = "", at: str = "zvt") -> tuple[int, Any]:
        """Exit code and answer; ``at``: which terminal."""
        more = f"&fault={fault}" if fault else ""
        code = main(
            ["device", "--config", str(self.folder / "config.toml"), "--driver", "zvt",
             "--address", f"sim:zvt?state={self.folder / f'{at}.json'}{more}", "--json", *arguments]
        )  # fmt: skip
        out = self._capsys.readouterr().out
        return code, json.loads(out) if out else None

    @property
    def charges(self) -> list[dict[str, Any]]:
        assert main(["simulate", "zvt", "--state", str(self.folder / "zvt.json"), "--dump"]) == 0
        charges: list[dict[str, Any]] = json.loads(self._capsys.readouterr().out)["charges"]
        return charges


@pytest.fixture
def till(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Till]:
    try:
        yield Till(tmp_path, capsys)
    finally:
        structlog.reset_defaults()  # the command has set up its log on a stream that ends with the test


def test_a_payment_and_its_return(till: Till) -> None:
    code, job = till.does("pay", "125.00", "--job-id", "sale-1")
    assert (code, job["state"], job["proof"]["total"]) == (0, "done", "125.00")
    code, void = till.does("void", "125.00", "--number", job["proof"]["number"], "--job-id", "back-1")
    assert (code, void["state"]) == (0, "done")
    assert [(charge["kind"], charge["state"]) for charge in till.charges] == [("payment", "voided"), ("void", "given")]


def test_the_same_id_again_charges_nothing(till: Till) -> None:
    _, first = till.does("pay", "125.00", "--job-id", "sale-1")
    _, again = till.does("pay", "125.00", "--job-id", "sale-1")
    assert again == first
    assert len(till.charges) == 1
    code, answer = till.does("pay", "126.00", "--job-id", "sale-1")
    assert (code, answer["error"]["code"]) == (2, "id_conflict")
    assert len(till.charges) == 1


def test_a_job_that_another_terminal_has_begun_was_gone_on_with_at_this_one(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ctrl_c(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LaneThread, "_sleep", ctrl_c)
        code, answer = till.does("pay", "125.00", "--job-id", "sale-1", fault="power:command=payment,off=5")
    assert (code, answer["error"]["code"]) == (130, "intent_open")
    assert "--job-id sale-1" in answer["error"]["text"]
    code, answer = till.does("pay", "125.00", "--job-id", "sale-1", at="another")
    assert (code, answer["error"]["code"]) == (2, "id_conflict")


def test_no_reference_is_given_twice_under_two_names(till: Till) -> None:
    for at in ("zvt", "another", "zvt"):
        assert till.does("pay", "125.00", at=at)[0] == 0
    rows = [json.loads(body) for (body,) in sql(till.folder / "data" / "journal.sqlite3", "SELECT body FROM journal")]
    given = [row["device"]["reference"] for row in rows if row.get("event") == "reference"]
    assert given == [1, 2, 3]


def test_a_decline_names_the_banks_code(till: Till) -> None:
    code, job = till.does("pay", "10.01")
    assert (code, job["state"]) == (1, "not_done")
    assert (job["error"]["code"], job["error"]["vendor"], job["error"]["certainty"]) == (
        "payment_declined", "05", "refused",
    )  # fmt: skip


def test_a_lost_answer_is_looked_for_and_nothing_is_charged_twice(till: Till) -> None:
    """The terminal takes back what nobody has acknowledged, and says so."""
    till.does("pay", "1.00")
    code, job = till.does("pay", "33.00", fault="answer-lost:command=payment")
    assert (code, job["state"], job["certainty"]) == (1, "not_done", "proven")
    assert [charge["state"] for charge in till.charges if charge["amount"] == "33.00"] == ["reversed", "given"]


QUESTIONS = {
    "identity": lambda told: len(told["terminal_id"]) == 8,
    "status": lambda told: told["ready"] is True,
    "last": lambda told: (told["outcome"], told["amount"]) == ("approved", "125.00"),
    "reprint": lambda told: "125.00" in json.dumps(told["slips"]),
    "settle": lambda told: (told["outcome"], told["totals"]) == ("approved", "unknown"),  # ZVT does not say
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_can_be_asked(till: Till, question: str) -> None:
    till.does("pay", "125.00")
    code, told = till.does(question)
    assert code == 0
    assert QUESTIONS[question](told), told
    assert len(till.charges) == 1


def test_an_action_of_another_kind_of_device_is_refused_by_name(till: Till) -> None:
    code, answer = till.does("x-report")
    assert (code, answer["error"]["code"]) == (2, "unknown_action")
    assert not (till.folder / "zvt.json").exists()


def test_a_sum_that_is_none_is_refused_before_the_terminal_is_asked(till: Till) -> None:
    for amount in ("0.00", "-5.00", "1.001", "много"):
        code, answer = till.does("pay", "--", amount)
        assert (code, answer["error"]["code"]) == (2, "bad_payload"), amount
    assert not (till.folder / "zvt.json").exists()


def test_no_card_number_is_in_the_journal_or_the_trace(till: Till) -> None:
    till.does("pay", "125.00")
    numbers = set(re.findall(r"\d{13,19}", (till.folder / "zvt.json").read_text("utf-8")))
    kept = b"".join(path.read_bytes() for path in (till.folder / "data").rglob("*") if path.is_file())
    assert sql(till.folder / "data" / "journal.sqlite3", "SELECT count(*) FROM journal")[0][0] > 3
    assert numbers, "the simulated bank knows whole card numbers"
    assert not [number for number in numbers if number.encode() in kept]
