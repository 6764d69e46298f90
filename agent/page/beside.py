"""The window beside whatever runs here: made when somebody first asks for it, kept while the agent begins anew."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent.config import Language
from agent.desk.channel import ControlServer, Handler
from agent.identity import Identity, load_identity
from agent.journal.store import utc_now
from agent.one_agent import the_one_agent
from agent.pairing import Say, pair
from agent.problems import UserError
from agent.version import VERSION

if TYPE_CHECKING:  # an agent whose window nobody opens loads nothing for one
    from agent.desk.service import DeskService
    from agent.page.pages import Pages
    from agent.page.serving import Window
    from agent.places import Place

PAGES: Mapping[str, str] = MappingProxyType(
    {
        "work": "/",
        "decide": "/decide",
        "bundle": "/bundle",
        "log": "/log",
        "registers": "/registers",
        "pin": "/pin",
        "pair": "/pair",
    }
)
"""What can be opened, by the words of the command line."""


@dataclass(slots=True)
class PageBeside:
    config_path: Path
    data_dir: Path
    language: Language
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _desk: DeskService | None = None
    _again: Callable[[], object] = lambda: None
    _paired: threading.Event = field(default_factory=threading.Event)
    _made: tuple[Pages, Window] | None = None

    def link(self, page: str, **query: str) -> str:
        """A link that is good once; ``page`` is one of ``PAGES``."""
        return self._window().link(PAGES[page], **query)

    def open(self, page: str, **query: str) -> str:
        """The same, shown in the browser of whoever runs this program."""
        return self._window().open(PAGES[page], **query)

    def asked(self, params: dict[str, Any]) -> dict[str, Any]:
        """For the local channel: ``page`` and what it is asked."""
        page = str(params.get("page", "work"))
        query = {name: str(params[name]) for name in ("job", "line", "request") if params.get(name)}
        return {"url": self.link(page if page in PAGES else "work", **query)}

    @contextmanager
    def of(self, desk: DeskService, again: Callable[[], object]) -> Iterator[None]:
        """While this agent runs. ``again`` makes it read its configuration anew."""
        self._belongs_to(desk, again)
        try:
            yield
        finally:
            self._belongs_to(None, lambda: None)

    def until_paired(
        self,
        handlers: Mapping[str, Handler],
        wait: Callable[[threading.Event], object],
        *,
        line: str = "",
        icon: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Shows how to connect this PC, until it is connected or ``wait`` gives up. ``handlers``: what else is answered
        meanwhile; ``line``: what was clicked; ``icon`` is there so long."""
        with ExitStack() as stack:
            stack.enter_context(the_one_agent(self.data_dir, utc_now()))
            control = ControlServer(self.data_dir, {**handlers, "page": self.asked})
            control.start()
            stack.callback(control.close)
            stack.enter_context(icon())
            self.open("pair", **({"line": line} if line else {}))
            wait(self._paired)

    def close(self) -> None:
        with self._guard:
            made, self._made = self._made, None
        if made is not None:
            made[1].close()

    def _belongs_to(self, desk: DeskService | None, again: Callable[[], object]) -> None:
        with self._guard:
            self._desk, self._again = desk, again
            if self._made is not None:
                self._made[0].belongs_to(desk)

    def _window(self) -> Window:
        with self._guard:
            if self._made is None:
                self._made = self._make()
            return self._made[1]

    def _make(self) -> tuple[Pages, Window]:
        from agent.page.pages import Pages
        from agent.page.pairing import Pairing
        from agent.page.search import Searching
        from agent.page.serving import Window
        from drivers.transports.base import SystemClock

        pages = Pages(
            self.config_path,
            self.language,
            Pairing(self._pair, socket.gethostname() or "PC", lambda _: self._paired.set()),
            Searching(self.data_dir, SystemClock()),
            again=lambda: self._again(),
            places=self._places,
            desk=self._desk,
        )
        return pages, Window(pages)

    def _places(self) -> tuple[Place, ...]:
        from agent.places import Places

        try:
            return Places(load_identity(self.data_dir), utc_now)()
        except UserError:
            return ()

    def _pair(self, line: str, pc_name: str, say: Say) -> Identity:
        return pair(line, self.data_dir, version=VERSION, say=say, pc_name=pc_name)
