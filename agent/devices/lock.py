"""One program of ours per device: the agent and ``kassabridge device`` take the same lock.

It is the system's own lock on an open file: it ends with the process, however that ends. The file stays.
"""

from __future__ import annotations

import errno
import hashlib
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from drivers.address import whereabouts
from drivers.transports.base import Clock

BORROWED = 15.0  # seconds; a check of the doctor takes at most ten
LOOK = 0.2

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_TAKEN = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})
"""What the systems say of a lock that somebody else holds."""


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
    name = hashlib.sha256(whereabouts(address).encode()).hexdigest()[:16]
    with (folder / f"{name}.lock").open("ab", buffering=0) as file:
        file.seek(0)
        try:
            _take(file.fileno())
        except OSError as error:
            if error.errno in _TAKEN:
                raise DeviceLocked(address) from None
            raise
        yield


@contextmanager
def device_lock_in_time(data_dir: Path, address: str, clock: Clock, patience: float = BORROWED) -> Iterator[None]:
    """The same for an agent that starts: the doctor or another command may just be asking the device something, and
    that is waited for. Raises ``DeviceLocked`` after ``patience`` seconds."""
    deadline = clock.now() + patience
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(device_lock(data_dir, address))
                break
            except DeviceLocked:
                if clock.now() >= deadline:
                    raise
                clock.sleep(LOOK)
        yield
