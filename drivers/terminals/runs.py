"""One run of a bank's program in its folder: alone, with nothing of an earlier one left there, written down before it
begins, and found again afterwards.

Which files are this run's own is told by the clock of the file system that they lie on, so it does not matter which
clock the computer has: younger than the moment before the start, no younger than the end, if somebody saw it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from drivers.errors import NotSent
from drivers.terminals.program import Alive, Mark, Over, Surroundings
from drivers.terminals.record import Entry, Record, features, read, write

LOCK, RECORD, OUTPUT, STAMP = "kassabridge.lock", "kassabridge.json", "kassabridge.out", "kassabridge.time"
SLACK = 2.0  # seconds; some file systems count time in twos
QUIET = 15.0  # seconds beyond its limit after which a program that nobody can look for counts as ended
LOOK_FIRST, LOOK_MOST = 0.02, 0.25  # seconds of the clock between two looks at it
MOST = 1 << 20  # bytes of a result that are read

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True, slots=True)
class Place:
    """``directory``: the program's working directory, in which its runs are written down. ``results``: the files that
    it leaves, by the driver's own names for them; deleted before every run."""

    program: Path
    directory: Path
    results: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run that is over has left. ``files``: its own results that are there; ``exit``: ``None`` when nobody saw
    its end. ``proven``: its end was seen, and nothing was written after it. ``spoken``: it has written into its output,
    and nothing was written after that. ``seconds``: how long it took."""

    entry: Entry
    record: Record
    files: Mapping[str, bytes]
    output: bytes
    exit: int | None
    proven: bool
    spoken: bool
    seconds: float


class Runs:
    """Of one program, by one driver. All but ``alone`` is called inside it."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._mark: Mark | None = None  # of the last run that is written down, perhaps without it

    @contextmanager
    def alone(self, place: Place) -> Iterator[None]:
        """No other of ours runs anything in this folder meanwhile. Raises ``NotSent``: ``terminal_busy``,
        ``terminal_setup`` for a folder in which nothing can be written."""
        try:
            file = (place.directory / LOCK).open("ab", buffering=0)
        except OSError as error:
            raise _unwritable(place.directory / LOCK, error) from error
        with file:
            file.seek(0)
            try:
                _take(file.fileno())
            except OSError as error:
                detail = "another process of KassaBridge uses the program"
                raise NotSent("terminal_busy", f"{place.directory}: {detail}") from error
            yield

    def earlier(self, place: Place) -> Record | None:
        """The last run that was written down."""
        try:
            record = read(place.directory / RECORD)
        except OSError as error:
            raise _unwritable(place.directory / RECORD, error) from error
        if record is not None and record.mark is None and self._mark is not None and not record.over:
            return replace(record, mark=self._mark)  # it was started, and the disk was full then
        return record

    def lives(self, place: Place, record: Record) -> bool:
        """Whether the run may still be going on."""
        if record.over:
            return False
        if record.mark is not None:
            return isinstance(self._around.programs.look(record.mark), Alive)
        # The agent ended between writing it down and hearing that it was started.
        anybody = self._around.programs.anybody(place.program)
        return self._stamp(place) < record.began + record.entry.limit + QUIET if anybody is None else anybody

    def begin(self, place: Place, arguments: Sequence[str], entry: Entry, *, kept: bool) -> Record:
        """Start it; what an earlier run has left is gone then. ``kept``: written down first, in the place of the
        earlier run's record. Raises ``NotSent``: nothing was started."""
        for path in place.results.values():
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                detail = f"{path}: the last operation's file cannot be deleted: {error.strerror}"
                raise NotSent("terminal_port_busy", detail) from error
        before = self.earlier(place)
        known = features(before.answer) or before.before if before is not None else ()
        record = Record(entry, self._stamp(place), self._around.wall(), before=known)
        if kept:
            self._write(place, record)
        argv = (str(place.program), *arguments)
        try:
            mark = self._around.programs.start(argv, place.directory, place.directory / OUTPUT)
        except OSError as error:
            if kept:
                self._restore(place, before)
            missing = isinstance(error, FileNotFoundError)
            code = "terminal_program_missing" if missing else "terminal_program_failed"
            raise NotSent(code, f"{place.program}: {error.strerror or error}") from error
        record = replace(record, mark=mark)
        if kept:
            self._mark = mark
            with suppress(OSError):  # it runs: whoever asks is told, whatever the disk says
                write(place.directory / RECORD, record)
        return record

    def wait(self, record: Record, limit: float) -> bool:
        """Whether it ends within ``limit`` seconds of the clock."""
        assert record.mark is not None
        clock, pause = self._around.clock, LOOK_FIRST
        deadline = clock.now() + limit
        while isinstance(self._around.programs.look(record.mark), Alive):
            left = deadline - clock.now()
            if left <= 0:
                return False
            clock.sleep(min(pause, left))
            pause = min(2 * pause, LOOK_MOST)
        return True

    def kill(self, record: Record) -> None:
        """Only for what moves no money."""
        assert record.mark is not None
        self._around.programs.kill(record.mark)

    def collect(self, place: Place, record: Record, seconds: float | None = None) -> Ended:
        """What a run has left that is over. ``seconds``: its end has just been seen, this long after its beginning.
        Raises nothing."""
        over = self._around.programs.look(record.mark) if record.mark is not None else Over()
        assert isinstance(over, Over)
        end = over.at
        if seconds is not None:
            with suppress(NotSent):
                end = self._stamp(place)
        times: dict[str, float] = {}
        files: dict[str, bytes] = {}
        for name, path in place.results.items():
            try:
                at = path.stat().st_mtime
                if record.began - SLACK <= at and (end is None or at <= end + SLACK):
                    files[name], times[name] = path.read_bytes()[:MOST], at
            except OSError:  # it is not there, or nobody may read it: nothing is known
                continue
        output, said = b"", 0.0
        with suppress(OSError):
            said = (place.directory / OUTPUT).stat().st_mtime
            output = (place.directory / OUTPUT).read_bytes()[:MOST]
        return Ended(
            entry=record.entry,
            record=record,
            files=files,
            output=output,
            exit=over.exit,
            proven=end is not None,
            spoken=bool(output) and all(at <= said + SLACK for at in times.values()),
            seconds=max(0.0, max([end or 0.0, said, *times.values()]) - record.began) if seconds is None else seconds,
        )

    def keep(self, place: Place, record: Record) -> None:
        """Write down what is known of it by now. Never raises: it can be read again."""
        with suppress(OSError):
            write(place.directory / RECORD, record)

    def _write(self, place: Place, record: Record) -> None:
        try:
            write(place.directory / RECORD, record)
        except OSError as error:
            raise _unwritable(place.directory / RECORD, error) from error

    def _restore(self, place: Place, before: Record | None) -> None:
        with suppress(OSError):
            if before is None:
                (place.directory / RECORD).unlink(missing_ok=True)
            else:
                write(place.directory / RECORD, before)

    def _stamp(self, place: Place) -> float:
        """What time it is for whatever keeps the files there: a server's own clock, where they lie on one."""
        path = place.directory / STAMP
        try:
            path.write_bytes(b".")
            return path.stat().st_mtime
        except OSError as error:
            raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> NotSent:
    return NotSent("terminal_setup", f"{path}: {error.strerror}; the agent has to be able to write there")
