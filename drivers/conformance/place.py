"""What every bench is, of whatever device: a driver over a simulated one, in a time of its own.

The words for what can happen to a device, and the device's memory, are a suite's own: ``bench`` for fiscal registers,
``terminals.bench`` for card terminals.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from drivers.conformance.suite import Suite

MARGIN = 1.0
"""Seconds that are waited beyond ``InDoubt.remaining`` before a lost command counts as gone."""


class AnyDriver(Protocol):
    capabilities: Any

    def disconnect(self) -> None: ...


D = TypeVar("D", bound=AnyDriver)
T = TypeVar("T")


class SettingWord(StrEnum):
    """How a device is set up before the driver meets it; a suite's ``Setting`` is made of it."""


class NotOffered(Exception):
    """A bench was asked for something that it does not offer."""


class AnyDesk(ABC, Generic[D, T]):
    """One device with a driver at it, in a time of its own: it passes by ``sleep`` and while the driver waits."""

    driver: D
    """Not connected yet."""

    @abstractmethod
    def now(self) -> float:
        """Seconds of the time in which driver and device live."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let time pass for both; nothing is really waited for."""

    @abstractmethod
    def truth(self) -> T:
        """The device's memory at this moment; never asked through the driver."""

    @abstractmethod
    def bytes_sent(self) -> int:
        """How many bytes the driver has handed to the channel so far."""

    def close(self) -> None:
        """The behaviour has been judged; files and ports may be given back."""
        self.driver.disconnect()


@dataclass(frozen=True)
class AnyBench(ABC):
    """One variant of a family, for example one of its protocols: a row of the plug-in's table."""

    family: str
    variant: str
    offers: frozenset[Any] = frozenset()
    exempt: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Identifiers of behaviours that this device cannot show by its nature, with the reason."""
    patience: float = field(default=300.0, kw_only=True)
    """The longest time that one call of the driver may take, in the desk's seconds."""

    @property
    @abstractmethod
    def suite(self) -> Suite:
        """By which it is judged."""

    @abstractmethod
    def make(self, settings: frozenset[Any]) -> AnyDesk[Any, Any]:
        """A fresh device, set up so."""

    def __str__(self) -> str:
        return f"{self.family}-{self.variant}"
