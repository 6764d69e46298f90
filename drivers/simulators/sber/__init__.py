"""Simulated Sber UPOS: the program ``loadparm.exe`` / ``sb_pilot`` with its files ``e`` and ``p``, pinpad and bank.

In-process use, no processes and no threads, in the time of the clock that is given:

    device = new_device(clock, Random(1))                  # a pinpad that has just been installed
    device.furnish(folder)                                 # pinpad.ini: the program's own directory
    running = device.run(["1", "15000"], folder)           # as subprocess.Popen does; writes folder/e and folder/p
    running.poll()                                         # exit code; None: it runs. ``deadline``: look again then
    running.wait(180, clock.advance)                       # poll until it ends or that much time has passed
    running.stdout; running.kill()
    device.bank, device.secrets                            # what was really charged; what must not leak
    device.inject("files:command=payment,as=stale")            # faults by the operation's word (``arguments.Word``)
    device.unplug(); device.plug(); device.finish(); device.foreign(10_000)

Layers: ``arguments`` is argv, ``codes`` the result codes, ``files`` the two files, ``device`` what is done; processes
and faults are ``drivers.simulators.programs``, money is ``drivers.simulators.bank``.
"""

from random import Random

from drivers.simulators.clock import Clock
from drivers.simulators.sber.assembly import store_of
from drivers.simulators.sber.device import SberDevice, SberOptions
from drivers.simulators.sber.state import SberState, new_state

__all__ = ["SberDevice", "SberOptions", "SberState", "new_device", "new_state"]


def new_device(
    clock: Clock, random: Random, *, state: SberState | None = None, options: SberOptions | None = None
) -> SberDevice:
    """Keeps nothing on disk but the files of its runs."""
    return SberDevice(state or new_state(random), clock, random, store=store_of(None), options=options)
