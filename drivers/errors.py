"""What a driver may raise. The question that every type answers: could the device have acted?

``NotSent`` no byte of the command reached the device; ``Refused`` the device answered no and did nothing;
``InDoubt`` bytes left and there is no trustworthy verdict. Callers decide by type and by ``code``, never by text.
"""

from __future__ import annotations


class DeviceError(Exception):
    """Base of the three verdicts.

    ``code`` is a stable word of ours (see ``protocol.crm.codes``); ``vendor`` keeps the device's own code beside it,
    as text (``"6B"``), or ``None``. ``detail`` is for logs and support, in English, and carries no decision.
    """

    def __init__(self, code: str, detail: str = "", *, vendor: str | None = None) -> None:
        super().__init__(code, detail, vendor)
        self.code = code
        self.detail = detail
        self.vendor = vendor

    def __str__(self) -> str:
        vendor = f" [{self.vendor}]" if self.vendor else ""
        return f"{self.code}{vendor}: {self.detail}" if self.detail else f"{self.code}{vendor}"


class NotSent(DeviceError):
    """The command did not leave: no link, port busy, wrong device behind the address. Nothing happened."""


class Refused(DeviceError):
    """A valid reply to this very command carried an error code. The device did not carry the command out."""


class InDoubt(DeviceError):
    """Bytes of the command left and no valid reply to it came.

    ``remaining`` is how many seconds of the command's own maximum time are still to run: until they have passed
    (plus a margin) the device may still execute it.
    """

    def __init__(self, code: str, detail: str = "", *, vendor: str | None = None, remaining: float = 0.0) -> None:
        super().__init__(code, detail, vendor=vendor)
        self.remaining = remaining
