"""Opening and closing a shift, cash in and cash out: one procedure, for a job and for the desk's own policy.

The command is sent once under an intent, and the register's own records say what became of it: of a shift a new
document of the right kind, of cash the counters against those read just before. A proof is one at any time; absence is
believed only after the lost command's whole time. An opening need not wait for that: under the same intent, and in the
same process, it is sent once more, because a register refuses to open an open shift, so whichever of the two comes
second does nothing. (A closing is never sent twice: it could strike the next shift. Cash is never sent twice: it would
be counted twice.) A document that the fiscal drive has begun and not finished is cancelled first, by the rule of
receipts: on an exclusive desk, or when the register itself refused a command of ours in its middle.
"""

from agent.procedures.operation.run import CASH, PROOF, SHIFTS, WANTED, Context, Next, Phase, Run
from agent.procedures.operation.table import TABLE, look_again, resume, start, step

__all__ = [
    "CASH",
    "PROOF",
    "SHIFTS",
    "TABLE",
    "WANTED",
    "Context",
    "Next",
    "Phase",
    "Run",
    "look_again",
    "resume",
    "start",
    "step",
]
