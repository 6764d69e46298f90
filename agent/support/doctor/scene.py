"""What the doctor looks at: the world that is passed in, and what was found there, each thing once."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import platformdirs

from agent.config import APP, Config, Device, load_config
from agent.identity import Identity, load_identity
from agent.link.dial import Dial, dial
from agent.problems import UserError
from agent.status import AgentStatus, DeviceStatus
from agent.support.doctor.model import NotLooked
from agent.support.install import program_path
from agent.version import VERSION
from drivers.address import Address
from drivers.fiscal.atol_lib.finding import System
from drivers.plugins import plugins_folder
from drivers.transports import transport_for
from drivers.transports.base import Clock, SystemClock, Transport
from drivers.transports.ports import SerialPort, serial_ports

T = TypeVar("T")

Source = Callable[[], AgentStatus | None]
"""The picture that the running agent gives of itself; ``None``: none runs. May raise what its channel raises."""


def usual_data_dirs() -> tuple[Path, ...]:
    """Where an agent's data may be when nothing else is said, or was in an earlier life of this PC."""
    return (
        Path(platformdirs.site_data_dir(APP, appauthor=False)),
        Path(platformdirs.user_data_dir(APP, appauthor=False)),
    )


def temporary_folders() -> tuple[Path, ...]:
    named = [os.environ[name] for name in ("TEMP", "TMP", "TMPDIR") if os.environ.get(name)]
    return tuple(Path(folder) for folder in dict.fromkeys([tempfile.gettempdir(), *named]))


def is_administrator() -> bool:
    """Whether this process may do everything on this PC."""
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.shell32.IsUserAnAdmin())
    return os.geteuid() == 0


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside, as the doctor uses it; a test passes another one."""

    status: Source = lambda: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Clock = field(default_factory=SystemClock)
    resolve: Callable[..., Sequence[Any]] = socket.getaddrinfo
    proxies: Callable[[], Mapping[str, str]] = urllib.request.getproxies
    no_proxy: Callable[[str], bool] = lambda host: bool(urllib.request.proxy_bypass(host))
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context
    dial: Dial = dial
    fsync: Callable[[int], None] = os.fsync
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    transports: Callable[[Address, Clock], Transport] = transport_for
    ports: Callable[[], Sequence[SerialPort]] = serial_ports
    library: System = field(default_factory=System)
    host_python: Path = field(default_factory=lambda: Path(sys.executable))
    program: Path = field(default_factory=program_path)
    plugins: Path = field(default_factory=plugins_folder)
    version: str = VERSION
    data_dirs: tuple[Path, ...] = field(default_factory=usual_data_dirs)
    temporary: tuple[Path, ...] = field(default_factory=temporary_folders)
    posix: bool = os.name == "posix"
    installed: bool = bool(getattr(sys, "frozen", False))
    all_powerful: Callable[[], bool] = is_administrator


class Memo:
    """Things that several checks need, each looked for once. Whoever comes while another still looks does not wait:
    the checks run one after another, so that one has been given up."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._found: dict[str, object] = {}
        self._failed: dict[str, BaseException] = {}
        self._begun: set[str] = set()

    def once(self, key: str, check: str, make: Callable[[], T]) -> T:
        """The value of ``key``; what ``make`` raised is raised again. ``check`` tells of a look that does not end."""
        with self._guard:
            if key in self._failed:
                raise self._failed[key]
            if key in self._found:
                return cast("T", self._found[key])
            if key in self._begun:
                raise NotLooked(check)
            self._begun.add(key)
        try:
            value = make()
        except BaseException as error:
            with self._guard:
                self._failed[key] = error
            raise
        with self._guard:
            self._found[key] = value
        return value


@dataclass(frozen=True, slots=True)
class Scene:
    """``at``: the device that a check is made for. ``limit``: seconds that one check has."""

    config_path: Path
    world: World = field(default_factory=World)
    limit: float = 10.0
    at: Device | None = None
    memo: Memo = field(default_factory=Memo)

    # Each of these raises ``NotLooked`` with the check that tells what is wrong with it.

    @property
    def config(self) -> Config:
        try:
            return self.memo.once("config", "config.file", lambda: load_config(self.config_path))
        except UserError:
            raise NotLooked("config.file") from None

    @property
    def data_dir(self) -> Path:
        return self.config.data_dir

    @property
    def identity(self) -> Identity:
        data_dir = self.data_dir
        try:
            return self.memo.once("identity", "pairing.identity", lambda: load_identity(data_dir))
        except UserError:
            raise NotLooked("pairing.identity") from None

    @property
    def server_url(self) -> str:
        """Of the pairing; before it, of the configuration."""
        try:
            return self.identity.server_url
        except NotLooked:
            url = self.config.server_url
            if url is None:
                raise
            return url

    def ask_status(self) -> AgentStatus | None:
        """Raises what the channel to the running agent raises."""
        return self.memo.once("status", "agent.running", self.world.status)

    @property
    def status(self) -> AgentStatus | None:
        try:
            return self.ask_status()
        except Exception:
            raise NotLooked("agent.running") from None

    @property
    def running(self) -> AgentStatus:
        status = self.status
        if status is None:
            raise NotLooked("agent.running")
        return status

    @property
    def device(self) -> Device:
        assert self.at is not None
        return self.at

    @property
    def device_status(self) -> DeviceStatus | None:
        """What the running agent tells of this device; ``None`` when none runs, or it runs without this device."""
        status = self.status
        return None if status is None else next((d for d in status.devices if d.kkm_id == self.device.kkm_id), None)
