"""The server's settings and its records of devices (reference, B.4). One record has a register behind it, ``1``.

Unknown fields of a setting or a record are kept and mean nothing; only ``validateRequestsOnAdd``,
``blockQueueOnPrintErrors`` and ``deleteRequestsAfter`` do something here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.simulators.atol_web import codes
from drivers.simulators.atol_web.state import THE_DEVICE, WebState

SETTINGS: Mapping[str, Any] = {
    "scriptsPath": "",
    "invertCashDrawerStatus": False,
    "additionalHeaderLines": "",
    "additionalFooterLines": "",
    "blockQueueOnPrintErrors": False,
    "deleteRequestsAfter": 43_200,
    "validateRequestsOnAdd": False,
}
"""As a fresh server has them; ``deleteRequestsAfter`` is minutes."""
RECORD: Mapping[str, Any] = {
    "name": "",
    "isLock": False,
    "hasLicense": True,
    "connectionSettings": {
        "model": 500,
        "port": "usb",
        "com": "",
        "baudRate": 115200,
        "ipAddress": "",
        "ipPort": 5555,
        "mac": "",
        "usbDevice": "auto",
        "ofdChannel": "auto",
        "accessPassword": "",
        "userPassword": "",
    },
    "otherSettings": {"useGlobalScriptsSettings": True, "useGlobalInvertCashDrawerStatusFlag": True},
}
DEFAULT = "default"


class RecordsError(Exception):
    def __init__(self, status: int, text: str, code: int = codes.WEB_FAIL) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class Records:
    def __init__(self, state: WebState) -> None:
        self._state = state

    # --- settings ---

    def settings(self) -> dict[str, Any]:
        return {**SETTINGS, **self._state.settings}

    def set_settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        for name, usual in SETTINGS.items():
            if name in given and type(given[name]) is not type(usual):
                raise RecordsError(400, f"{name}: expected {type(usual).__name__}")
        if given.get("deleteRequestsAfter", 1) < 1:
            raise RecordsError(400, "deleteRequestsAfter: expected minutes")
        self._state.settings.update(_plain(given))
        return self.settings()

    # --- devices ---

    def all(self) -> list[dict[str, Any]]:
        return [self.one(each) for each in (THE_DEVICE, *self._state.devices)]

    def one(self, id_: str | None) -> dict[str, Any]:
        real = self._id(id_)
        own = self._state.record if real == THE_DEVICE else self._state.devices[real]
        return {
            "id": real,
            **RECORD,
            **own,
            "isActive": real == THE_DEVICE and self._state.active,
            "isDefault": real == self._state.default,
        }

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        taken = (THE_DEVICE, *self._state.devices)
        id_ = given.get("id") or next(str(n) for n in range(1, len(taken) + 2) if str(n) not in taken)
        if not isinstance(id_, str):
            raise RecordsError(400, "id: expected a string")
        if id_ in (THE_DEVICE, DEFAULT, *self._state.devices):
            raise RecordsError(409, "id is in use")
        self._state.devices[id_] = _own(given)
        return self.one(id_)

    def change(self, id_: str, given: Mapping[str, Any]) -> dict[str, Any]:
        real = self._id(id_)
        own = self._state.record if real == THE_DEVICE else self._state.devices[real]
        own.update(_own(given))
        return self.one(real)

    def drop(self, id_: str) -> dict[str, Any]:
        real = self._id(id_)
        if real == THE_DEVICE:
            raise RecordsError(409, "the register's record stays")
        del self._state.devices[real]
        if self._state.default == real:
            self._state.default = THE_DEVICE
        return {}

    def set_default(self, id_: str) -> dict[str, Any]:
        self._state.default = self._id(id_)
        return {}

    def activate(self, id_: str | None, *, active: bool) -> dict[str, Any]:
        if not self.is_the_register(id_):
            if active:
                raise RecordsError(500, codes.text(codes.NO_CONNECTION), codes.NO_CONNECTION)
            return {}
        self._state.active = active
        return {}

    def is_the_register(self, id_: str | None) -> bool:
        return self._id(id_) == THE_DEVICE

    def connected(self, id_: str | None) -> bool:
        """Raises ``RecordsError`` 404 for an id without a record."""
        return self.is_the_register(id_) and self._state.active

    def _id(self, id_: str | None) -> str:
        real = self._state.default if id_ in (None, "", DEFAULT) else id_
        if real != THE_DEVICE and real not in self._state.devices:
            raise RecordsError(404, "no such device")
        return str(real)


def _own(given: Mapping[str, Any]) -> dict[str, Any]:
    return _plain({name: value for name, value in given.items() if name not in ("id", "isActive", "isDefault")})


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """Without decimals, which no setting has and the state file cannot keep."""
    return {name: value for name, value in given.items() if isinstance(value, str | int | list | dict)}
