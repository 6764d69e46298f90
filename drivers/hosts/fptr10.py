"""The host of ATOL's driver library: ``python -m drivers.hosts fptr10``.

    load {path}              text: its version; once, first
    open {settings}          values as text; a handle that is open is closed first
    process_json {text}      text: the answer to one task of the vendor's JSON language, often empty
    validate_json {text}     the same task, checked without a device
    cancel_receipt, continue_print, close
    receipt_type             number: 0 when no receipt is open
    is_opened                number: 0 or 1
    settings                 text: all settings as JSON

Every command answers a ``drivers.hosts.result.Result``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from drivers.hosts.fptr10_binding import Fptr10, NotUsable
from drivers.hosts.result import Result
from drivers.hosts.serving import Command, NotBegun, serve


class Fptr10Host:
    def __init__(self) -> None:
        self._library: Fptr10 | None = None

    @property
    def commands(self) -> Mapping[str, Command]:
        return MappingProxyType(
            {
                "load": self._load,
                "open": self._open,
                "process_json": self._json("process_json"),
                "validate_json": self._json("validate_json"),
                "cancel_receipt": self._plain(lambda library: library.call("cancel_receipt")),
                "continue_print": self._plain(lambda library: library.call("continue_print")),
                "close": self._plain(lambda library: library.call("close")),
                "receipt_type": self._plain(Fptr10.receipt_type),
                "is_opened": self._plain(Fptr10.is_opened),
                "settings": self._plain(Fptr10.settings),
            }
        )

    def _load(self, arguments: Mapping[str, Any]) -> Any:
        if self._library is not None:
            raise NotBegun("wrong_state", "a library is loaded already")
        try:
            self._library = Fptr10(_text(arguments, "path"))
        except NotUsable as error:
            raise NotBegun("driver_failed", str(error)) from error
        return Result(text=self._library.version).to_value()

    def _open(self, arguments: Mapping[str, Any]) -> Any:
        library = self._loaded()
        settings = arguments.get("settings")
        if not isinstance(settings, dict) or not all(isinstance(value, str) for value in settings.values()):
            raise NotBegun("bad_parameter", "settings: expected texts by name")
        if library.is_opened().number:
            library.call("close")
        return library.open(settings).to_value()

    def _json(self, function: str) -> Command:
        def run(arguments: Mapping[str, Any]) -> Any:
            library, text = self._loaded(), _text(arguments, "text")
            if not library.has(function):
                raise NotBegun("unsupported", f"version {library.version} has no {function}")
            return library.with_json(function, text).to_value()

        return run

    def _plain(self, call: Callable[[Fptr10], Result]) -> Command:
        return lambda _: call(self._loaded()).to_value()

    def _loaded(self) -> Fptr10:
        if self._library is None:
            raise NotBegun("wrong_state", "no library is loaded")
        return self._library


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise NotBegun("bad_parameter", f"{name}: expected a text")
    return value


def run() -> None:
    """Serve until the agent's end, which ends this process."""
    serve(Fptr10Host().commands)
