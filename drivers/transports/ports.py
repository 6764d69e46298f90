"""The serial ports that the system lists. Nothing is opened, nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SerialPort:
    """``device`` is what an address takes after ``serial:``; the rest is what the system knows, USB ids as four
    hexadecimal digits, empty when it is no USB port."""

    device: str
    description: str = ""
    manufacturer: str = ""
    vid: str = ""
    pid: str = ""
    serial_number: str = ""


def serial_ports() -> tuple[SerialPort, ...]:
    """In the order of their names; none where the system cannot be asked for them (wine)."""
    try:
        from serial.tools import list_ports  # loads the system's libraries for it
    except (AttributeError, ImportError, OSError):
        return ()
    return tuple(
        SerialPort(
            device=port.device,
            description="" if port.description in (None, "n/a") else port.description,
            manufacturer=port.manufacturer or "",
            vid=f"{port.vid:04x}" if port.vid is not None else "",
            pid=f"{port.pid:04x}" if port.pid is not None else "",
            serial_number=port.serial_number or "",
        )
        for port in sorted(list_ports.comports())
    )


def is_listed(device: str) -> bool:
    return any(port.device.upper() == device.upper() for port in serial_ports())
