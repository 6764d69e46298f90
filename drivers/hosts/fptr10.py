"""The host of ATOL's driver library: ``python -m drivers.hosts.fptr10``.

    load {path}              {version, newer: [functions]}; once, first
    open {settings}          values as text; a handle that is open is closed first
    process_json {text}      one task of the vendor's JSON language
    validate_json {text}     the same task, checked without a device; from 10.8 on
    cancel_receipt, continue_print, close, settings
    is_opened                {opened}

All but ``load`` and ``is_opened`` answer ``{code, description, recommendation, text}``; code 0 is success.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from drivers.hosts.fptr10_binding import Fptr10, NotUsable, Result
from drivers.hosts.serving import Command, NotBegun, serve


class Fptr10Host:
    def __init__(self) -> None:
        self._library: Fptr10 | None = None

    @property
    def commands(self) -> Mapping[str, Command]:
        return MappingProxyType(
            {
                "load": self.load,
                "open": self.open,
                "process_json": self._json("process_json"),
                "validate_json": self._json("validate_json"),
                "cancel_receipt": self._plain("cancel_receipt"),
                "continue_print": self._plain("continue_print"),
                "close": self._plain("close"),
                "settings": lambda _: self._loaded().settings().to_value(),
                "is_opened": lambda _: {"opened": self._loaded().is_opened()},
            }
        )

    def load(self, arguments: Mapping[str, Any]) -> Any:
        if self._library is not None:
            raise NotBegun("wrong_state", "a library is loaded already")
        try:
            self._library = Fptr10(_text(arguments, "path"))
        except NotUsable as error:
            raise NotBegun("driver_failed", str(error)) from error
        return {"version": self._library.version, "newer": sorted(self._library.newer)}

    def open(self, arguments: Mapping[str, Any]) -> Any:
        library = self._loaded()
        settings = arguments.get("settings")
        if not isinstance(settings, dict) or not all(isinstance(value, str) for value in settings.values()):
            raise NotBegun("bad_parameter", "settings: expected texts by name")
        if library.is_opened():
            library.call("close")
        return library.open(settings).to_value()

    def _json(self, function: str) -> Command:
        def run(arguments: Mapping[str, Any]) -> Any:
            library, text = self._loaded(), _text(arguments, "text")
            if function == "validate_json" and function not in library.newer:
                raise NotBegun("unsupported", f"version {library.version} has no {function}")
            return library.with_json(function, text).to_value()

        return run

    def _plain(self, function: str) -> Command:
        def run(_: Mapping[str, Any]) -> Any:
            result: Result = self._loaded().call(function)
            return result.to_value()

        return run

    def _loaded(self) -> Fptr10:
        if self._library is None:
            raise NotBegun("wrong_state", "no library is loaded")
        return self._library


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise NotBegun("bad_parameter", f"{name}: expected a text")
    return value


def main(run: Callable[[Mapping[str, Command]], None] = serve) -> None:
    run(Fptr10Host().commands)


if __name__ == "__main__":
    main()
