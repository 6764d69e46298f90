"""The log as it is written, shown to support while somebody at this PC agrees (``docs/adr/0034``).

``machine`` is what may become of a request, ``ring`` where lines wait, ``watch`` both of them with clock and filter,
``commands`` the command line.
"""
