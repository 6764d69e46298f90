"""What a call of a vendor's library came to, as hosts tell it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from drivers.hosts.messages import MessageError


@dataclass(frozen=True, slots=True)
class Result:
    """``code`` 0: the call succeeded; else the library's own error code, with its own words. ``text`` and ``number``
    are what the call was made for, as far as it gives them."""

    code: int = 0
    description: str = ""
    recommendation: str = ""
    text: str = ""
    number: int = 0

    @property
    def words(self) -> str:
        return "; ".join(part for part in (self.description, self.recommendation) if part)

    def to_value(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_value(cls, value: Any) -> Result:
        """Raises ``MessageError``."""
        match value:
            case {
                "code": int(code),
                "description": str(description),
                "recommendation": str(recommendation),
                "text": str(text),
                "number": int(number),
            }:
                return cls(code, description, recommendation, text, number)
        raise MessageError(f"not a result: {str(value)[:60]}")
