"""The port ``exe:DIR``: a program in a folder, each start of which is a client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drivers.simulators.programs.device import ProgramDevice
from drivers.simulators.programs.launcher import put
from drivers.simulators.tcp import TcpPort


class ExePort(TcpPort):
    """Listens on the loopback as soon as it is made; ``furnish`` makes the program. What is in the folder stays there
    when the port is closed: the program finds no pinpad then."""

    def __init__(self, folder: Path) -> None:
        super().__init__("127.0.0.1", 0)
        self._folder = folder.absolute()

    @property
    def address(self) -> str:
        return f"exe:{self._folder}"

    def furnish(self, device: ProgramDevice[Any, Any, Any]) -> Path:
        """Put the program there, with what the vendor's set-up puts beside it; its file. Raises ``OSError`` when the
        folder cannot be written."""
        device.furnish(self._folder)
        host, port = self._listener.getsockname()[:2]
        name = f"{device.program}.exe" if device.options.manner == "windows" else device.program
        return put(self._folder, name, host, port, device.alone(self._folder))
