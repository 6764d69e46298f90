"""One program of ours per device: the agent and ``kassabridge device`` take the same lock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class DeviceLocked(Exception):
    """Another process of KassaBridge holds this device."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


@contextmanager
def device_lock(data_dir: Path, address: str) -> Iterator[None]:
    """Hold the lock of the device behind ``address``; raises ``DeviceLocked`` at once when it is taken."""
    folder = data_dir / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(address.split("?", 1)[0].encode()).hexdigest()[:16]
    lock = FileLock(folder / f"{name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise DeviceLocked(address) from None
    try:
        yield
    finally:
        lock.release()
