"""The pages over HTTP on 127.0.0.1, a port of the system's choice, only while somebody looks."""

from __future__ import annotations

import os
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import structlog

from agent.page.gate import Gate, Request, Response, Visit
from agent.page.sheet import refused

LONGEST_FORM = 64 * 1024  # bytes
PATIENCE = 15.0  # seconds for a browser to say what it wants
POLL = 0.1  # seconds in which it notices that it shall end
LOOK = 5.0  # seconds between looks whether anybody is still there
LOOPBACK = "127.0.0.1"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Nothing from elsewhere and no script at all."""

Pages = Callable[[Request, Visit], Response]

log = structlog.get_logger("page")


def in_browser(link: str) -> bool:
    """Whether a browser shows it. One that would take the terminal for itself is not asked to."""
    if sys.platform == "linux" and not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        return False
    try:
        return webbrowser.open(link)
    except webbrowser.Error:
        return False


class Window:
    """Opens the pages in the person's browser. ``close`` ends what is being served."""

    def __init__(
        self,
        pages: Pages,
        *,
        browse: Callable[[str], bool] = in_browser,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pages = pages
        self._browse = browse
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._serving: _Serving | None = None

    def link(self, path: str = "/", **query: str) -> str:
        """A link that is good once. Raises ``OSError`` when nothing can be served."""
        with self._guard:
            if self._serving is None:
                self._serving = _Serving(self._pages, self._monotonic)
                threading.Thread(target=self._watch, args=(self._serving,), name="page", daemon=True).start()
            return self._serving.gate.link(path, **query)

    def open(self, path: str = "/", **query: str) -> str:
        """The same, and the browser shows it if there is one."""
        link = self.link(path, **query)
        if not self._browse(link):
            log.warning("no_browser")
        return link

    def close(self) -> None:
        with self._guard:
            serving, self._serving = self._serving, None
        if serving is not None:
            serving.close()

    def _watch(self, serving: _Serving) -> None:
        """Serves until nobody looks any more."""
        while not serving.closed.wait(LOOK):
            with self._guard:
                if not serving.gate.is_used:
                    self._serving = None
                    break
        serving.close()


class _Serving:
    def __init__(self, pages: Pages, monotonic: Callable[[], float]) -> None:
        self.closed = threading.Event()
        self._server = _Server((LOOPBACK, 0), _Handler)
        self.gate = Gate(f"{LOOPBACK}:{self._server.server_port}", token_urlsafe, monotonic)
        self._server.answer = self._answer
        self._pages = pages
        self._guard = threading.Lock()
        threading.Thread(target=self._server.serve_forever, args=(POLL,), name="page server", daemon=True).start()

    def close(self) -> None:
        with self._guard:
            if self.closed.is_set():
                return
            self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: Request) -> Response:
        with self._guard:
            admitted = self.gate.admit(request)
        if isinstance(admitted, Response):
            return admitted if admitted.status < 400 else refused(admitted.status)
        return self._pages(request, admitted)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    answer: Callable[[Request], Response]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that has hung up is no event."""


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE
    server: _Server

    def version_string(self) -> str:
        return "KassaBridge"

    def do_GET(self) -> None:
        self._reply({})

    def do_POST(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= LONGEST_FORM:
            self._send(Response(413))
            return
        text = self.rfile.read(length).decode("utf-8", "replace")
        try:
            form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
        except ValueError:
            self._send(Response(400))
            return
        self._reply(form)

    def _reply(self, form: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100))
        try:
            response = self.server.answer(Request(self.command, parts.path, headers, query, form))
        except Exception:
            log.exception("page_failed", path=parts.path)
            response = refused(500)
        self._send(response)

    def _send(self, response: Response) -> None:
        body = response.body.encode()
        self.close_connection = True
        self.send_response(response.status)
        for name, value in (
            *response.headers,
            ("Content-Type", f"{response.kind}; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", POLICY),
            ("Referrer-Policy", "same-origin"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # the library's name for it
        log.debug("page", line=format % args)
