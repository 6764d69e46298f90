"""Who answers, and how it is set up: everything that ``connect`` reads. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from drivers.api import Identity
from drivers.errors import NotSent, Refused
from drivers.fiscal.atol_json.asking import Asking
from drivers.fiscal.atol_json.runner import LibraryFacts
from drivers.fiscal.documents import tags_in, whole
from drivers.fiscal.requisites import CASHLESS_DETAILS
from protocol.ffd.forms import VERSION_CODES
from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.rates import FIRST_DAY
from protocol.ffd.vat import Vat
from protocol.wire.atol import json_answers as answers
from protocol.wire.atol.json_receipt import NotExpressible, Task, formats_known, rates_missing, receipt_task
from protocol.wire.atol.json_tasks import Query, fn_document
from protocol.wire.atol.json_text import JsonError, dumps
from protocol.wire.atol.json_words import NEW_RATES_SINCE, knows_new_words

_SINCE = ".".join(map(str, NEW_RATES_SINCE))
_FORMATS = {code: version for version, code in VERSION_CODES.items()}


@dataclass(frozen=True, slots=True)
class Known:
    """What ``connect`` found."""

    identity: Identity
    library: str  # its version
    columns: int | None

    def task_for(self, receipt: PlannedReceipt) -> Task:
        """The task that makes the receipt. Everything that can be wrong is found here, before anything is sent. Raises
        ``Refused``: ``unsupported``, ``not_expressible``, ``taxation_not_registered``, ``vat_rate_missing``,
        ``bad_parameter``."""
        ffd, taxation = self.identity.ffd, self.identity.taxation
        if not ffd:
            raise Refused("unsupported", "the register's format version is unknown, or is not served")
        if ffd not in formats_known(self.library):
            raise Refused(
                "not_expressible", f"FFD {ffd} is unknown to {self._library_named}; install {_SINCE} or newer"
            )
        try:
            task = receipt_task(receipt, ffd, self.library)
            dumps(task)
        except NotExpressible as error:
            raise Refused(
                "not_expressible", f"{error}: FFD {ffd}, the task language of library {self.library}"
            ) from error
        except (JsonError, KeyError) as error:
            raise Refused("bad_parameter", str(error)) from error
        if taxation is not None and not receipt.taxation & taxation:
            raise Refused("taxation_not_registered", f"tag 1055 is {receipt.taxation}, registered are {taxation}")
        if missing := rates_missing(receipt, self.library):
            named = ", ".join(vat.value for vat in missing)
            raise Refused(
                "vat_rate_missing", f"tag 1199 ({named}) is unknown to {self._library_named}; install {_SINCE} or newer"
            )
        return task

    @property
    def cashless_refused(self) -> str:
        """What keeps tag 1234 from being written."""
        if not knows_new_words(self.library):
            return f"unknown to {self._library_named}; install {_SINCE} or newer"
        return f"switched off in the profile ({CASHLESS_DETAILS})"

    @property
    def _library_named(self) -> str:
        return f"the driver library {self.library or 'of an unknown version'}"


def find_out(asking: Asking, library: LibraryFacts) -> Known:
    """Raises ``NotSent`` (``wrong_device``), and what a runner raises."""
    try:
        info = asking.the(Query.DEVICE_INFO, answers.device_info)
    except Refused as refused:
        if refused.code != "unsupported":
            raise
        raise NotSent("wrong_device", refused.detail, vendor=refused.vendor) from refused
    if not info.serial:
        raise NotSent("wrong_device", f"{info.name!r} does not tell its serial number")
    drive = asking.optional(Query.FN_INFO, answers.fn_info)
    registration = asking.optional(Query.REGISTRATION_INFO, answers.registration)
    status = asking.the(Query.DEVICE_STATUS, answers.device_status)
    identity = Identity(
        model=info.name,
        register_serial=info.serial,
        fn_serial=drive.serial if drive else "",
        registration_number=registration.registration_number if registration else "",
        inn=registration.inn if registration else "",
        ffd=_format(asking, library, (registration.ffd if registration else "") or info.ffd),
        firmware=info.firmware,
        taxation=registration.taxation if registration else None,
        setup_problems=_problems(library, status.at.date() if status.at else None),
    )
    return Known(identity, library.version, info.columns)


def _format(asking: Asking, library: LibraryFacts, told: str) -> str:
    """The version that the register is registered for. A library that does not know 1.2 tells an older one: there the
    register's last document decides (tag 1209)."""
    if knows_new_words(library.version):
        return told
    numbers = asking.optional(Query.FN_STATUS, answers.fn_status)
    if numbers is None or not numbers.fd:
        return told
    try:
        last = asking.task(fn_document(numbers.fd), answers.document)
    except Refused:
        return told
    code = whole(tags_in(last.tlv).get("1209"))
    return told if code is None else _FORMATS.get(code, told)


def _problems(library: LibraryFacts, today: date | None) -> tuple[str, ...]:
    """An unset clock is no reason to trust the old rates."""
    in_force = today is None or today >= FIRST_DAY[Vat.VAT22]
    return ("vat_rate_missing",) if in_force and not knows_new_words(library.version) else ()
