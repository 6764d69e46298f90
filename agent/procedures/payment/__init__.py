"""One movement of money at a card terminal: charged, given back or voided, once.

The same procedure for a job that is nothing else and for a part of a sale: what it commits (``CommitMove``) is written
by whoever runs it. INTENT holds the reference and what the terminal did last; an approval is on disk before the
terminal hears that it was heard; whatever else happens is resolved by the terminal's own records or by a person. It
never charges twice, and never takes back.
"""

from agent.procedures.payment.run import Context, Movement, Next, Phase, Run
from agent.procedures.payment.table import TABLE, look_again, resume, start, step

__all__ = ["TABLE", "Context", "Movement", "Next", "Phase", "Run", "look_again", "resume", "start", "step"]
