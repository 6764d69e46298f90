"""What becomes of an operation whose answer does not come: doubt, and never a guess.

The same questions of every operation with money; the bank's book is counted after each of them.
"""

from __future__ import annotations

from drivers.conformance.terminals.behaviours.approval import OPERATIONS, Run
from drivers.conformance.terminals.bench import Fate, Kind, Step
from drivers.conformance.terminals.catalogue import Able, Behaviour, behaviour
from drivers.conformance.terminals.clerk import Clerk
from drivers.conformance.terminals.samples import PRICE
from drivers.conformance.terminals.stage import Stage
from drivers.errors import InDoubt

LOST: dict[Fate, str] = {
    Fate.CUT: "the channel breaks before the whole command has left: doubt, and nothing comes of it",
    Fate.BROKEN: "the channel breaks as soon as the command has come: doubt",
    Fate.ANSWER_LOST: "carried out, the answer lost: doubt, and not sent again",
    Fate.HALF: "half an answer: doubt, and not sent again",
    Fate.UNACKNOWLEDGED: "the channel breaks before our acknowledgement comes: doubt",
    Fate.SILENCE: "no answer at all: doubt, when the longest time has passed and not much later",
    Fate.GARBAGE: "noise instead of the answer: doubt, and not sent again",
}
NOTHING = frozenset({Fate.CUT, Fate.BROKEN, Fate.SILENCE})
"""What is not carried out."""
UNSEEN = frozenset({Fate.CUT, Fate.BROKEN, Fate.ANSWER_LOST, Fate.HALF, Fate.SILENCE, Fate.GARBAGE})
"""No approval has been seen."""


def _lost(kind: Kind, run: Run, able: tuple[Able, ...], fate: Fate, says: str) -> Behaviour:
    also = (Able.ACKNOWLEDGES,) if fate is Fate.UNACKNOWLEDGED else ()

    @behaviour(f"{kind}.{fate.replace(' ', '-')}", says, fate, *able, *also)
    def lost(stage: Stage) -> None:
        stage.connect()
        stage.fate(Step(kind), fate)
        clerk = Clerk()
        with stage.paced("money"):
            doubt = stage.in_doubt(lambda: run(stage, clerk))
        assert fate not in UNSEEN or clerk.told == [], "approved was called, and no approval had come"
        moved = stage.truth().net
        stage.recover(doubt)
        if fate in NOTHING:
            assert stage.truth().net == moved
            assert kind not in [charge.kind for charge in stage.truth().charges]
        stage.paid()

    return lost


def _late(kind: Kind, run: Run, able: tuple[Able, ...]) -> Behaviour:
    @behaviour(f"{kind}.late", "carried out long after the channel broke: doubt, and not after remaining",
               Fate.LATE, *able)  # fmt: skip
    def late(stage: Stage) -> None:
        stage.connect()
        stage.fate(Step(kind), Fate.LATE, seconds=stage.longest * 0.95)
        doubt = stage.in_doubt(lambda: run(stage, Clerk()))
        stage.wait_out(doubt)
        said = stage.truth()
        stage.sleep(3600.0)
        stage.same_book(said)

    return late


def _foreign(kind: Kind, run: Run, able: tuple[Able, ...]) -> Behaviour:
    @behaviour(f"{kind}.foreign", "another operation's approval: doubt, or told as another's: of another "
               "terminal, or of another sum", Fate.FOREIGN,
               *able)  # fmt: skip
    def foreign(stage: Stage) -> None:
        stage.connect()
        stage.fate(Step(kind), Fate.FOREIGN)
        try:
            told = run(stage, Clerk())
        except InDoubt as doubt:
            stage.recover(doubt)
        else:
            here = told.terminal_id in (stage.truth().terminal_id, "")
            assert not here or told.amount not in (PRICE, None), "another operation's answer passes for this one's"

    return foreign


TABLE = tuple(
    _lost(kind, run, able, fate, says) for fate, says in LOST.items() for kind, (run, able) in OPERATIONS.items()
) + tuple(make(kind, run, able) for make in (_late, _foreign) for kind, (run, able) in OPERATIONS.items())
