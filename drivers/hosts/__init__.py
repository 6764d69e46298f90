"""Programs that run beside the agent, each around one vendor library that may hang, crash or be 32-bit.

A host is started with ``python -m drivers.hosts NAME`` and speaks ``drivers.hosts.messages`` on its stdin and stdout.
Hosts use the standard library and this package only: they may have to run on another Python than the agent's.
"""

VENDOR_HOST = "--vendor-host"
"""First argument of a frozen agent that is to be the host named by its second."""
