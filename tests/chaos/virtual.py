"""Virtual time: an event loop whose clock jumps to the next thing to do, and threads that are greenlets on it.

Nothing here waits, and nothing runs beside anything else: whoever would block hands control back to the loop, which
goes on with what is next in time. Production code keeps its shape: ``asyncio`` code runs as it is, a lane's thread and
the calls in worker threads become greenlets (``Strand``), whose waits end by the loop's clock.

A ``Process`` is what a kill ends: its strands and tasks go no further than their next step outside, which raises
``Dead`` in them. Their own ``finally`` clauses run, but what could be seen outside is closed to them by then.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar, copy_context
from typing import Any

import greenlet


class Dead(BaseException):
    """The process that this code belongs to has been killed."""


class Stuck(Exception):
    """The world does not go on."""


MOST_TURNS = 20_000
"""Turns of the loop in one moment of virtual time; more is a circle."""


class _Jump:
    """The loop's selector: there are no sockets, so a wait is a jump of the clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Stuck("everybody waits for somebody")
        if timeout > 0:
            self._loop.now += timeout
            self._turns = 0
        self._turns += 1
        if self._turns > MOST_TURNS:
            raise Stuck(f"no time passes at {self._loop.now}")
        return []

    def close(self) -> None:
        """Nothing is open."""


class VirtualLoop(asyncio.BaseEventLoop):
    """``now`` is seconds since the run began; only the selector moves it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._selector = _Jump(self)
        self._clock_resolution = 1e-6
        self.set_task_factory(_task)

    def time(self) -> float:
        return self.now

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """A worker thread is a strand; what goes to an executor of the caller's own never waits, and runs at once."""
        future: asyncio.Future[Any] = self.create_future()
        if executor is not None:
            try:
                future.set_result(func(*args))
            except Exception as error:
                future.set_exception(error)
            return future

        def work() -> None:
            try:
                result = func(*args)
            except Exception as error:
                if not future.done():
                    future.set_exception(error)
            except Dead:
                future.cancel()
            else:
                if not future.done():
                    future.set_result(result)

        Strand(self, work).resume()
        return future

    def alone_for(self, seconds: float) -> bool:
        """Nobody else has anything to do for so long: a wait is nothing but a jump."""
        waiting = self._scheduled
        return not self._ready and not self._stopping and (not waiting or waiting[0]._when > self.now + seconds)

    def after(self, seconds: float, call: Callable[[], object]) -> asyncio.TimerHandle:
        """``call`` so much later, in no process."""
        return self.call_later(seconds, call, context=_NOBODY)

    def discard(self) -> None:
        """Forget whatever is still to come and close."""
        self._ready.clear()
        self._scheduled.clear()
        heapq.heapify(self._scheduled)
        self.close()


_current: ContextVar[Process | None] = ContextVar("process", default=None)
_NOBODY = copy_context()


def current() -> Process | None:
    """The process whose code is running."""
    return _current.get()


def _task(
    loop: asyncio.AbstractEventLoop, coro: Generator[Any, Any, Any] | Coroutine[Any, Any, Any], **more: Any
) -> asyncio.Task[Any]:
    process = _current.get()
    if process is not None and not process.alive:
        coro.close()
        raise Dead(process.name)
    task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **more)
    if process is not None:
        process.owns(task)
    return task


class Process:
    """A program that runs in the world: something that can be killed at any step."""

    def __init__(self, loop: VirtualLoop, name: str) -> None:
        self.loop = loop
        self.name = name
        self.alive = True
        self.note: Callable[[str], None] = lambda _: None
        """For the trace."""
        self.step = "introduce"
        """What its lane is at, as the names of steps have it."""
        self.at_death: list[Callable[[], None]] = []
        """What the operating system does for a process that is gone: sockets and files are closed."""
        self._tasks: list[asyncio.Task[Any]] = []
        self._strands: list[Strand] = []

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        context = copy_context()
        context.run(_current.set, self)
        return self.loop.create_task(work, context=context)

    def owns(self, part: asyncio.Task[Any] | Strand) -> None:
        if isinstance(part, Strand):
            self._strands = [strand for strand in self._strands if not strand.done]
            self._strands.append(part)
            return
        if len(self._tasks) > 60:
            self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(part)

    def check(self) -> None:
        """To be called at every step outside. Raises ``Dead``."""
        if not self.alive:
            raise Dead(self.name)

    def kill(self) -> None:
        """SIGKILL: from now on nothing that it does can be seen. Its strands and tasks end as soon as the loop turns;
        the caller may be one of them and should raise ``Dead`` itself."""
        if not self.alive:
            return
        self.alive = False
        for closing in self.at_death:
            closing()
        self.loop.after(0.0, self._bury)

    def _bury(self) -> None:
        for strand in self._strands:
            strand.end()
        for task in self._tasks:
            task.cancel()


class Strand:
    """A thread without a thread. Runs inside the process that makes it."""

    def __init__(self, loop: VirtualLoop, work: Callable[[], Any]) -> None:
        self._loop = loop
        self._process = _current.get()
        self._greenlet = greenlet.greenlet(work, parent=_hub())
        self._greenlet.gr_context = copy_context()
        if self._process is not None:
            self._process.check()
            self._process.owns(self)

    @property
    def done(self) -> bool:
        return bool(self._greenlet.dead)

    def resume(self) -> None:
        if not self._greenlet.dead:
            self._greenlet.switch()

    def end(self) -> None:
        if not self._greenlet.dead:
            if self._greenlet:
                self._greenlet.throw(Dead)
            else:
                self._greenlet = greenlet.greenlet(lambda: None, parent=_hub())
                self._greenlet.switch()


def _hub() -> greenlet.greenlet:
    """The greenlet in which the loop turns: the one of the operating system's thread."""
    here = greenlet.getcurrent()
    while here.parent is not None:
        here = here.parent
    return here


class Waiter:
    """One wait of the running strand. ``wake`` ends it early; ``wait`` tells whether it was woken."""

    __slots__ = ("_greenlet", "_loop", "_woken")

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._greenlet = greenlet.getcurrent()
        self._woken = False

    def wake(self) -> None:
        if not self._woken:
            self._woken = True
            self._loop.call_soon(self._go_on, context=_NOBODY)

    def wait(self, seconds: float | None) -> bool:
        if seconds is not None and self._loop.alone_for(seconds):
            self._loop.now += seconds
            return False
        handle = None if seconds is None else self._loop.call_later(max(0.0, seconds), self._go_on, context=_NOBODY)
        process = _current.get()
        try:
            _hub().switch()
        finally:
            if handle is not None:
                handle.cancel()
            self._greenlet = None
        if process is not None:
            process.check()
        return self._woken

    def _go_on(self) -> None:
        if self._greenlet is not None:
            self._greenlet.switch()


class Threading:
    """What a lane uses of the module ``threading``."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def Thread(self, *, target: Callable[[], Any], name: str, daemon: bool) -> _Thread:
        return _Thread(self._loop, target)

    def Condition(self) -> _Condition:
        return _Condition(self._loop)


class _Thread:
    def __init__(self, loop: VirtualLoop, target: Callable[[], Any]) -> None:
        self._loop = loop
        self._target = target
        self._started = False
        self._over = False
        self._joining: list[Waiter] = []

    def start(self) -> None:
        self._started = True
        strand = Strand(self._loop, self._run)
        self._loop.call_soon(strand.resume)

    def _run(self) -> None:
        try:
            self._target()
        except Dead:
            return
        finally:
            self._over = True
            for waiter in self._joining:
                waiter.wake()

    def join(self, timeout: float | None = None) -> None:
        if self.is_alive():
            waiter = Waiter(self._loop)
            self._joining.append(waiter)
            waiter.wait(timeout)

    def is_alive(self) -> bool:
        return self._started and not self._over


class _Condition:
    """Only one strand runs at a time and none is interrupted, so there is nothing to lock."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._waiting: list[Waiter] = []

    def __enter__(self) -> _Condition:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was locked."""

    def wait(self, timeout: float | None = None) -> bool:
        waiter = Waiter(self._loop)
        self._waiting.append(waiter)
        return waiter.wait(timeout)

    def notify_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.wake()
