"""A simulated register behind a line of a certain speed, as a process: ``python -m benchmarks.paced PATH [BAUD]``.

The pseudo-terminal itself hands bytes over at once. This port lets them through as fast as a serial line of ten bits
to the byte: a chunk of the host has arrived when its last byte would have, and an answer leaves in pieces as a serial
chip hands them over. One direction at a time, as the protocol speaks. Without BAUD the line is not paced.

The register itself takes no time: what it answers at once leaves when the last byte of the question had come, however
long the simulator has thought about it. So the line alone is the floor.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.simulators.assembly import assemble, wanted
from drivers.simulators.clock import SystemClock
from drivers.simulators.pseudo_terminal import PtyPort
from drivers.simulators.serving import Server

BITS = 10  # start, eight of data, stop
BAUD = 115200
PIECE = 16
"""Bytes that a serial chip collects before it hands them over."""
SPIN = 0.0002
"""Seconds before a moment in which it is waited for without sleeping: a sleep ends late."""


def byte_time(baud: int) -> float:
    return BITS / baud


class PacedPort(PtyPort):
    def __init__(self, path: Path, baud: int) -> None:
        super().__init__(path)
        self._byte_time = byte_time(baud)
        self._free = 0.0  # when the line has carried what was given to it
        self._answers = False  # what is written now is the answer to what was read just before

    def read(self, who: int, ready: set[int]) -> bytes | None:
        came = time.perf_counter()
        data = super().read(who, ready)
        if data:
            self._carry(len(data), came)
        self._answers = bool(data)
        return data

    def write(self, who: int, data: bytes) -> None:
        given = self._free if self._answers else time.perf_counter()
        for at in range(0, len(data), PIECE):
            piece = data[at : at + PIECE]
            self._carry(len(piece), given)
            super().write(who, piece)

    def _carry(self, count: int, given: float) -> None:
        self._free = max(self._free, given) + count * self._byte_time
        while (left := self._free - time.perf_counter()) > 0:
            if left > SPIN:
                time.sleep(left - SPIN)


@contextmanager
def register(path: Path, baud: int | None, log: Path) -> Iterator[None]:
    """The process while it is needed; a client may dial ``path`` then."""
    arguments = [sys.executable, "-m", "benchmarks.paced", str(path), *([str(baud)] if baud else [])]
    with log.open("ab") as errors:
        child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=errors, cwd=Path(__file__).parents[1])
        assert child.stdout is not None
        try:
            if not child.stdout.readline():
                raise RuntimeError(f"the simulated register did not start: {log.read_text()[-2000:]}")
            yield
        finally:
            child.terminate()
            child.wait()
            child.stdout.close()


def main(path: str, baud: str | None = None) -> int:
    port = PtyPort(Path(path)) if baud is None else PacedPort(Path(path), int(baud))
    options = wanted([("print-time", "0"), ("seed", "7"), ("ofd", "off")])
    device = assemble(options, extra_byte=False)
    with Server(device, SystemClock(), port) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.stop())
        sys.stdout.write(json.dumps({"listening": server.address}) + "\n")
        sys.stdout.flush()
        server.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
