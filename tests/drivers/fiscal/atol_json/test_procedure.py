"""The receipt's procedure over a register that makes a receipt by one task: no change in it is needed.

The procedure fills, compares and commits CLOSING before the one task leaves; every end of the task is decided by the
archive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.procedures import receipt
from agent.procedures.asks import (
    Answer,
    Answered,
    Ask,
    Begin,
    CheckReceipt,
    Close,
    Commit,
    Ended,
    Fence,
    Fill,
    Needs,
    NoteSeen,
    NotReady,
    ReadArchiveEnd,
    ReadDocument,
    ReadStatus,
    ReadSubtotal,
    Reopen,
    Seen,
    Wait,
)
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal.atol_json import AtolJsonRegister
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Paper
from tests.drivers.fiscal.atol_json.library import Library
from tests.protocol.wire.atol.json_samples import SALE

KINDS: dict[type[DeviceError], Answer] = {
    NotSent: Answer.NOT_SENT,
    Refused: Answer.REFUSED,
    InDoubt: Answer.DOUBT,
}
MOST = 100  # asks; the procedure ends long before


class Till:
    """Does what the procedure asks, in a time of its own."""

    def __init__(self, library: Library, register: AtolJsonRegister) -> None:
        self.library, self.register = library, register
        self.now = 0.0
        self.commits: list[Commit] = []

    def sell(self) -> Ask:
        context = receipt.Context(
            plan=SALE, exclusive=True, register_serial=self.library.serial, known_fn=None, highest_fd=0,
            open_shift=True, close_expired_shift=True, max_time=self.register.capabilities.max_time,
        )  # fmt: skip
        run, ask = receipt.start(context, None)
        for _ in range(MOST):
            if isinstance(ask, NotReady | Needs | Ended):
                return ask
            run, ask = receipt.step(run, self._answer(ask))
            if isinstance(ask, Commit) and ask.event in (JobEvent.PROVEN_NONE, JobEvent.IMPOSSIBLE):
                self.commits.append(ask)
                return ask
        raise AssertionError(f"no end: {ask}")

    @property
    def events(self) -> list[JobEvent]:
        return [commit.event for commit in self.commits]

    def _answer(self, ask: Ask) -> Answered:
        match ask:
            case Wait(seconds, _):
                self.now += seconds
                return Answered(Answer.OK, self.now)
            case Commit():
                self.commits.append(ask)
                return Answered(Answer.OK, self.now)
            case Begin() | NoteSeen():
                return Answered(Answer.OK, self.now)
        try:
            return Answered(Answer.OK, self.now, self._done(ask))
        except DeviceError as error:
            if not isinstance(error, Refused):
                self.register.disconnect()
            remaining = error.remaining if isinstance(error, InDoubt) else 0.0
            return Answered(KINDS[type(error)], self.now, reason=reason(error.code), remaining=remaining)

    def _done(self, ask: Ask) -> Any:
        register = self.register
        match ask:
            case ReadStatus():
                return register.status()
            case ReadArchiveEnd():
                return register.archive_end()
            case ReadDocument(fd):
                document = register.document(fd)
                return None if document is None else Seen(document, None)
            case CheckReceipt():
                return register.check_receipt(SALE)
            case Fill():
                return register.fill_receipt(SALE, lambda *_: None)
            case ReadSubtotal():
                return register.subtotal()
            case Close():
                return register.close_receipt(SALE)
            case Fence():
                return register.cancel_document()
            case Reopen():
                register.disconnect()
                return register.connect()
        raise AssertionError(ask)


@pytest.fixture
def till(library: Library, register: AtolJsonRegister) -> Till:
    return Till(library, register)


def test_a_sale_is_one_task_and_is_proven(till: Till) -> None:
    assert isinstance(till.sell(), Ended)
    assert till.events == [JobEvent.CLOSING, JobEvent.PROVEN]
    assert till.library.sent.count("sell") == 1
    assert (till.commits[-1].data["document"].fd, till.commits[-1].data["paper"]) == (2, Paper.COMPLETE)


def test_without_paper_it_is_made_and_its_paper_is_owed(till: Till) -> None:
    def paper_ends(library: Library) -> None:
        library.paper = False

    _when_sold(till.library, paper_ends)
    end = till.sell()
    assert till.events == [JobEvent.CLOSING, JobEvent.PROVEN]
    assert till.commits[-1].data["paper"] is Paper.INCOMPLETE
    assert isinstance(end, Ended)
    assert end.paper_pending


def _when_sold(library: Library, happens: Callable[[Library], None]) -> None:
    handler = library._receipt

    def then(task: Any) -> Any:
        happens(library)
        return handler(task)

    library._receipt = then  # type: ignore[method-assign]


@pytest.mark.parametrize("end", [2, 15, 55, 81, 115, 177, 241, "lost"])
@pytest.mark.parametrize("made", [False, True])
def test_doubt_is_decided_by_the_archive(till: Till, end: int | str, made: bool) -> None:
    (till.library.after if made else till.library.before)["sell"] = [end]
    till.sell()
    assert till.events == [JobEvent.CLOSING, JobEvent.DOUBT, JobEvent.PROVEN if made else JobEvent.PROVEN_NONE]
    assert till.library.sent.count("sell") == 1
    assert len(till.library.documents) == (2 if made else 1)


@pytest.mark.parametrize("made", [False, True])
def test_a_refusal_is_not_believed_either(till: Till, made: bool) -> None:
    """A code that should mean "nothing was done", after a document that was: the archive is asked all the same."""
    (till.library.after if made else till.library.before)["sell"] = [12]
    till.sell()
    assert till.events == [JobEvent.CLOSING, JobEvent.PROVEN if made else JobEvent.PROVEN_NONE]


def test_a_receipt_left_open_is_fenced_before_anything_is_decided(till: Till) -> None:
    def stays_open(library: Library) -> None:
        library.receipt = True
        raise InDoubt("no_reply", "in a test", remaining=60.0)

    _when_sold(till.library, stays_open)
    till.sell()
    assert till.events == [JobEvent.CLOSING, JobEvent.DOUBT, JobEvent.PROVEN_NONE]
    assert "cancel" in till.library.sent
    assert till.now >= 60.0  # the device has been quiet for as long as it might have worked


def test_what_the_language_cannot_say_ends_the_job_before_it_begins(till: Till) -> None:
    till.library.taxations = ["patent"]
    till.register.connect()
    till.sell()
    assert till.events == [JobEvent.IMPOSSIBLE]
    assert "sell" not in till.library.sent
