"""``kassabridge demo``: a server, an agent and two simulated registers as real processes, and receipts through them: a
Shtrih-M and an ATOL.

Everything it writes is in ``./demo-output``: the pictures of the receipts, and under ``run`` the databases, logs and
configuration of the processes. The next demo removes what the last one wrote there, and nothing else.
"""

from agent.demo.run import run_demo

__all__ = ["run_demo"]
