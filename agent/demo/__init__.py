"""``kassabridge demo``: a server, an agent, two simulated registers and a card terminal as real processes; receipts
through a Shtrih-M and an ATOL, and sales by card.

Everything it writes is in ``./demo-output``: the pictures of the receipts, and under ``run`` the databases, logs and
configuration of the processes. The next demo removes what the last one wrote there, and nothing else.
"""

from agent.demo.run import run_demo

__all__ = ["run_demo"]
