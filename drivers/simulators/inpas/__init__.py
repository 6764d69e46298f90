"""Simulated INPAS terminal behind its HTTP service (DualConnector): XML in, XML in windows-1251 out.

In-process use, no sockets and no threads, as every simulated device; bytes of HTTP pass through a connection:

    device = new_device(clock, Random(1))                  # see ``device.new_device``, ``device.Options``
    line = device.connection()                             # as many as one likes; the terminal does one thing at a time
    answer = line.receive(b"POST / HTTP/1.1\\r\\nContent-Length: …\\r\\n\\r\\n<request>…</request>")
    line.deadline                                          # clock.monotonic() of the next thing to happen, or None
    answer = line.poll()                                   # call at the deadline: customer, bank, time-outs
    line.closed; line.close()                              # it was cut; hang up, which ends nothing at the terminal
    device.inject("answer-lost:command=payment")           # a fault, now
    script.perform(device, "foreign 100.00")               # a hand on it, see ``script.TERMINAL_WORDS``
    device.bank.standing(entry), bank.dump(device.bank)    # the truth about the money
    device.bank.secrets                                    # what must not be seen behind a driver

Layers: ``fields`` are the numbers; ``messages`` is XML and the receipt; ``operations`` is what each request means to
the ledger, ``qr`` what SBP is; ``line`` is one client's HTTP; ``device`` is the terminal and the service before it.
"""

from drivers.simulators.inpas.device import InpasTerminal, Options, new_device
from drivers.simulators.inpas.state import InpasState, new_state

__all__ = ["InpasState", "InpasTerminal", "Options", "new_device", "new_state"]
