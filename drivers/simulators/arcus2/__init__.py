"""Simulated Ingenico Arcus2: the program ``CommandLineTool`` with its INI directory and files, terminal and bank.

In-process use, no processes and no threads, in the time of the clock that is given:

    device = new_device(clock, Random(1), options=ArcusOptions(family="zero", charset="cp866"))
    device.furnish(folder)                                 # folder/INI: cashreg.ini, ops.ini, rc_res.ini
    running = device.run(["/o1", "/a15000", "/c643"], folder)   # as subprocess.Popen does; writes rc.out, cheq.out, …
    running.poll()                                         # exit code; None: it runs. ``deadline``: look again then
    running.wait(180, clock.advance)                       # poll until it ends or that much time has passed
    device.bank, device.secrets                            # what was really charged; what must not leak
    device.inject("auto-cancel:command=payment")               # faults by the operation's word (``ini.Word``)
    device.unplug(); device.plug(); device.finish(); device.foreign(10_000)

What a cash code means and how the files are called is read from the INI files at each start. Layers: ``ini`` and
``arguments`` are what it reads, ``codes`` and ``files`` what it writes, ``device`` what is done; processes and faults
are ``drivers.simulators.programs``, money is ``drivers.simulators.bank``.
"""

from random import Random

from drivers.simulators.arcus2.assembly import store_of
from drivers.simulators.arcus2.device import ArcusDevice, ArcusOptions
from drivers.simulators.arcus2.state import ArcusState, new_state
from drivers.simulators.clock import Clock

__all__ = ["ArcusDevice", "ArcusOptions", "ArcusState", "new_device", "new_state"]


def new_device(
    clock: Clock, random: Random, *, state: ArcusState | None = None, options: ArcusOptions | None = None
) -> ArcusDevice:
    """Keeps nothing on disk but the files of its runs."""
    return ArcusDevice(state or new_state(random), clock, random, store=store_of(None), options=options)
