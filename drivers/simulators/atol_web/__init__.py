"""Simulated ATOL Web Server: HTTP, a queue of JSON tasks kept in a file, and the ATOL register behind it.

In-process use, no sockets and no threads, as every simulated device; bytes of HTTP pass through a connection:

    device = new_device(clock, Random(1), ffd="1.2")       # a running server; see ``device.new_device``
    line = device.connection()                             # as many as one likes
    answer = line.receive(b"GET /api/v2/serverInfo HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    line.deadline                                          # clock.monotonic() of the next thing to happen, or None
    answer = line.poll()                                   # call at the deadline: the queue is worked off then
    device.inject("answer-lost:command=post-requests")     # a fault by a request's word, or by a task's: command=sell

Layers: ``http`` is bytes and requests, ``line`` one client, ``api`` the addresses, ``records`` settings and devices,
``queue`` what is asked for, ``device`` what executes it and what it does in doubt; ``tasks``, ``receipts``,
``printing`` and ``answers`` are the library's language over the register of ``drivers.simulators.atol``,
``validation`` what it refuses without asking the register, ``words`` and ``codes`` its tables.
"""

from drivers.simulators.atol_web.device import Options, WebDevice, new_device, new_state
from drivers.simulators.atol_web.state import WebState

__all__ = ["Options", "WebDevice", "WebState", "new_device", "new_state"]
