"""Simulated Shtrih-M register (protocol documents 1.17 and 2.0, both lower levels).

In-process use, no sockets and no threads:

    device = new_device(clock, Random(1))                  # fresh register in memory; see ``device.new_device``
    line = device.connection()                             # a new connection replaces the one before
    answer = line.receive(bytes_from_the_host)             # = feed(data) and then poll()
    line.deadline                                          # clock.monotonic() of the next thing to happen, or None
    answer = line.poll()                                   # call at the deadline (printing, slow command, time-outs)
    line.closed                                            # the device has cut the connection (after the last poll)
    line.close()                                           # the host hangs up; a stored reply stays for the next one

``connection()`` raises ``ConnectionRefusedError`` while a power fault keeps the device off. ``device.inject("…")`` adds
a fault at any time. Everything happens inside these calls, in the caller's thread.
"""

from drivers.simulators.line import Connection
from drivers.simulators.shtrih.device import Options, ShtrihDevice, new_device
from drivers.simulators.shtrih.factory import new_state
from drivers.simulators.shtrih.state import ShtrihState

__all__ = ["Connection", "Options", "ShtrihDevice", "ShtrihState", "new_device", "new_state"]
