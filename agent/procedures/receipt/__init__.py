"""A receipt on a register, from the first look to the outcome on disk; and the same code resolves doubt.

Steps R1 to R11 lead to the closing command; whatever happens after INTENT ends in one path: (drain,) look, fence,
read the archive, decide. Nothing but that path ends an attempt, and a timeout is only ever a reason to take it.
``table.TABLE`` names what follows on each kind of answer in each phase; it is complete.
"""

from agent.procedures.precheck import snapshot_of
from agent.procedures.receipt.run import Context, Next, Phase, Run
from agent.procedures.receipt.table import TABLE, look_again, resume, start, step

__all__ = [
    "TABLE",
    "Context",
    "Next",
    "Phase",
    "Run",
    "look_again",
    "resume",
    "snapshot_of",
    "start",
    "step",
]
