"""Simulated ATOL register by its wire protocol: link layer v3 and the commands of formats 1.05 to 1.2.

In-process use, no sockets and no threads, as every simulated register:

    device = new_device(clock, Random(1), ffd="1.1")       # fresh register in memory; see ``device.new_device``
    line = device.connection()                             # a new connection replaces the one before
    answer = line.receive(bytes_from_the_host)             # = feed(data) and then poll()
    line.deadline                                          # clock.monotonic() of the next thing to happen, or None
    answer = line.poll()                                   # call at the deadline (printing, slow command)
    line.closed                                            # the device has cut the connection (after the last poll)
    line.close()                                           # the host hangs up; results stay for the next connection

``connection()`` raises ``ConnectionRefusedError`` while a power fault keeps the device off. ``device.inject("…")`` adds
a fault at any time. Everything happens inside these calls, in the caller's thread.

Layers: ``core`` and ``receipts`` are the register in words of no wire (``reasons`` are its refusals); ``commands`` is
the wire's command set over them; ``frame``, ``tasks`` and ``link`` are the lower level. Another face of the same
register takes ``core`` and ``receipts`` alone.
"""

from drivers.simulators.atol.device import AtolDevice, Options, new_device
from drivers.simulators.atol.factory import new_state
from drivers.simulators.atol.state import AtolState
from drivers.simulators.line import Connection

__all__ = ["AtolDevice", "AtolState", "Connection", "Options", "new_device", "new_state"]
