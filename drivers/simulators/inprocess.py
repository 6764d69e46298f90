"""A simulated device inside the caller's process: what stands behind the address ``sim:shtrih?state=F&ffd=1.05``.

Every ``open_line`` switches the device on anew from its state file, so what a power failure forgets is forgotten
between two lines: a stored reply, the number of protocol 2, faults that have struck. A server that many may connect to
goes on with ``again``. Nothing runs between the calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drivers.simulators.assembly import assemble, family_of, wanted

if TYPE_CHECKING:
    from drivers.simulators.case import Case
    from drivers.simulators.line import Connection


def open_line(family: str, options: Mapping[str, str]) -> SimulatedLine:
    """Switch on and plug in. Options are those of the command line without dashes, see ``assembly.OPTIONS``.

    ``fault`` may hold several faults with ``;`` between them. ``deadline`` of the line counts as ``time.monotonic()``;
    call ``poll`` then. ``close`` saves the state. Raises ``ValueError`` that names an unknown family, an unknown option
    or a bad value, ``StoreError`` for a state file of something else, ``OSError`` when it cannot be read or written.
    """
    device = assemble(wanted(options.items(), family=family_of(family)), extra_byte=True)
    return SimulatedLine(device, device.connection())


class SimulatedLine:
    """A line together with the device behind it. ``device`` is there for a test that wants to move its clock."""

    def __init__(self, device: Case[Any], connection: Connection) -> None:
        self.device = device
        self._connection = connection

    def again(self) -> SimulatedLine | None:
        """Another line to the same running device; ``None`` where the next one finds it switched on anew."""
        return SimulatedLine(self.device, self.device.connection()) if self.device.CROWD else None

    @property
    def closed(self) -> bool:
        """The device has cut the line; ``poll`` may still return what had left before."""
        return self._connection.closed

    @property
    def deadline(self) -> float | None:
        return self._connection.deadline

    def feed(self, data: bytes) -> None:
        self._connection.feed(data)

    def poll(self) -> bytes:
        return self._connection.poll()

    def close(self) -> None:
        """Hang up, and leave the state file as the device stands now."""
        self._connection.close()
        self.device.tick()
        self.device.save()
