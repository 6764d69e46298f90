"""Simulated ZVT card terminal: network and serial lines, payments with the commit rule, goods, the terminal's day.

In-process use, no sockets and no threads, as every simulated device:

    device = new_device(clock, Random(1))                  # see ``device.new_device``, ``device.Options``
    line = device.connection()                             # ConnectionRefusedError: no power, no cable, or busy
    answer = line.receive(bytes_from_the_cash_register)    # = feed(data) and then poll()
    line.deadline                                          # clock.monotonic() of the next thing to happen, or None
    answer = line.poll()                                   # call at the deadline: customer, bank, time-outs
    line.closed; line.close()                              # the terminal has cut it; hang up
    device.inject("answer-lost:command=payment")           # a fault, now
    script.perform(device, "foreign 100.00")               # a hand on it, see ``script.TERMINAL_WORDS``
    device.bank.standing(entry), bank.dump(device.bank)    # the truth about the money
    device.bank.secrets                                    # what must not be seen behind a driver

Layers: ``apdu`` and ``fields`` are bytes; ``levels`` carries units over a line; ``session`` is who speaks when;
``commands`` reads what the cash register says, ``messages`` builds what the terminal says, ``procedures`` is what it
does as master; ``device`` is the case around all that.
"""

from drivers.simulators.zvt.device import Options, ZvtTerminal, new_device
from drivers.simulators.zvt.state import ZvtState, new_state

__all__ = ["Options", "ZvtState", "ZvtTerminal", "new_device", "new_state"]
