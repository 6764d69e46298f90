"""The PC is held awake exactly while a device works on something that has begun."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.awake import Awake
from agent.jobs.transitions import is_open
from agent.procedures.patience import SILENT_AFTER
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from tests.agent.devices.bench import Bench, Death, bench
from tests.support.crm import KKM

LOST = "answer-lost:command=FF45,stored=no"
REFUSED = "refuse:command=FF45,error=46,times=1"
ACTS = (
    "open_shift", "close_shift", "x_report", "cash_in", "cash_out", "print_slip", "open_drawer", "fill_receipt",
    "close_receipt", "cancel_document",
)  # fmt: skip
"""What changes something at a register."""


class Watched:
    """Notes for every byte that changes something whether the PC was held, and what was on disk."""

    def __init__(self, b: Bench) -> None:
        self.b = b
        self.awake = Awake(self)
        self.calls: list[str] = []
        self.acts: list[tuple[str, bool]] = []
        b.lane._awake = self.awake
        for name in ACTS:
            setattr(b.register, name, self._watched(name, getattr(b.register, name)))

    def begin(self) -> None:
        assert not self.has_intent(), "the PC is held before an intent is written"
        self.calls.append("begin")

    def end(self) -> None:
        self.calls.append("end")

    def has_intent(self) -> bool:
        rows = self.b.journal.read(lambda tx: tx.live_jobs(KKM))
        return self.b.row().operation is not None or any(is_open(row) for row in rows)

    def _watched(self, name: str, done: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **more: Any) -> Any:
            self.acts.append((name, self.awake.held))
            return done(*args, **more)

        return noted


def test_a_receipt_with_the_shift_that_it_needs(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        watched = Watched(b)
        b.idle()
        assert watched.calls == []  # looking at a register holds nobody awake
        b.offer()
        assert b.run().state is Known.DONE
        assert watched.calls == ["begin", "end"] * 2  # the shift, the receipt
        assert {held for _, held in watched.acts} == {True}
        assert {"open_shift", "fill_receipt", "close_receipt"} <= {name for name, _ in watched.acts}
        b.idle()
        assert not watched.awake.held


@pytest.mark.parametrize(
    ("kind", "payload"),
    [(JobKind.CASH_IN, {"amount": "10.00"}), (JobKind.X_REPORT, {}), (JobKind.CLOSE_SHIFT, {})],
)
def test_every_kind_that_changes_something(tmp_path: Path, kind: JobKind, payload: dict[str, Any]) -> None:
    with bench(tmp_path) as b:
        b.offer("j0")
        b.run("j0")
        watched = Watched(b)
        b.offer(kind=kind, payload=payload)
        assert b.run().state is Known.DONE
        assert watched.acts
        assert {held for _, held in watched.acts} == {True}
        assert watched.calls == ["begin", "end"]


@pytest.mark.parametrize("fault", [LOST, REFUSED])
def test_doubt_is_held_until_it_is_resolved(tmp_path: Path, fault: str) -> None:
    with bench(tmp_path, fault) as b:
        watched = Watched(b)
        b.offer()
        b.run()
        assert {held for _, held in watched.acts} == {True}
        assert not watched.awake.held
        assert not watched.has_intent()


def test_what_an_earlier_process_has_left_is_held_when_it_is_taken_up(tmp_path: Path) -> None:
    def dies(*_: object) -> None:
        raise Death

    with bench(tmp_path) as b:
        b.offer()
        b.register.close_receipt = dies  # type: ignore[method-assign, assignment]
        with pytest.raises(Death):
            b.run()
        b.register.disconnect()
        b.start(b.journal)
        watched = Watched(b)
        watched.begin = lambda: watched.calls.append("begin")  # type: ignore[method-assign]
        assert b.run().state is Known.DONE
        assert {held for _, held in watched.acts} == {True}
        assert not watched.awake.held


def test_a_pc_that_waits_for_a_person_may_sleep(tmp_path: Path) -> None:
    """A register that was unplugged in doubt must not keep the PC awake all night."""
    with bench(tmp_path, LOST) as b:
        watched = Watched(b)
        b.offer()
        b.at(0.0, lambda: b.device.inject("mute:seconds=1200"))
        b.run(seconds=SILENT_AFTER + 300, states=(Known.HUMAN,))
        assert not watched.awake.held
        assert watched.calls[-1] == "end"
        b.line.sleep(600)
        assert b.run().state is Known.DONE
        assert not watched.awake.held


def test_a_start_that_is_refused_lets_go(tmp_path: Path) -> None:
    """R4: the lease has passed while the register was asked."""
    with bench(tmp_path, "slow:command=FF01,seconds=0.5,times=always") as b:
        b.offer("j0")
        b.run("j0")
        watched = Watched(b)
        b.offer(start_by=b.now(), issued_at=b.now())
        b.idle()
        assert b.job().state is Known.ACCEPTED
        assert not watched.awake.held


def test_a_lane_that_ends_lets_go(tmp_path: Path) -> None:
    def bug(*_: object) -> None:
        raise RuntimeError("a bug")

    with bench(tmp_path) as b:
        watched = Watched(b)
        b.register.fill_receipt = bug  # type: ignore[method-assign, assignment]
        b.offer()
        b.lane.start()
        assert b.lane.join(10.0)
        assert [type(crash) for crash in b.crashes] == [RuntimeError]
        assert not watched.awake.held
        assert watched.calls[-1:] == ["end"]
