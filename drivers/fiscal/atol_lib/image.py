"""For which processor a file is built, read from its first bytes: a library that does not fit is named, not tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

HEADER = 4096  # bytes; a PE header begins where the file's own offset says, within the first page


@dataclass(frozen=True, slots=True)
class Image:
    bits: int
    machine: str

    def __str__(self) -> str:
        return f"{self.bits}-bit {self.machine}"


ELF: Mapping[int, str] = MappingProxyType({3: "x86", 40: "ARM", 62: "x86-64", 183: "ARM64"})
PE: Mapping[int, Image] = MappingProxyType(
    {
        0x014C: Image(32, "x86"),
        0x01C4: Image(32, "ARM"),
        0x8664: Image(64, "x86-64"),
        0xAA64: Image(64, "ARM64"),
    }
)


def image_of(path: Path) -> Image | None:
    """``None``: neither ELF nor PE (a script, a Mach-O library). Raises ``OSError``."""
    with path.open("rb") as file:
        head = file.read(HEADER)
    return _elf(head) if head[:4] == b"\x7fELF" else _pe(head) if head[:2] == b"MZ" else None


def _elf(head: bytes) -> Image | None:
    if len(head) < 20 or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    number = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
    return Image(32 * head[4], ELF.get(number, f"machine {number}"))


def _pe(head: bytes) -> Image | None:
    at = int.from_bytes(head[0x3C:0x40], "little")
    if head[at : at + 4] != b"PE\0\0" or len(head) < at + 6:
        return None
    return PE.get(int.from_bytes(head[at + 4 : at + 6], "little"))
