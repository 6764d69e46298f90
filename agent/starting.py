"""Starts the agent as its surroundings want it: from the command line, as a service, beside a tray icon."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from types import MappingProxyType

import structlog

from agent.app import Stopping, run_agent
from agent.config import Config, load_config
from agent.console import tell
from agent.devices.lock import DeviceLocked
from agent.identity import identity_path, own_identity
from agent.journal.store import JournalFailed
from agent.logs import set_up_logging
from agent.page.beside import PageBeside
from agent.problems import UserError
from agent.support.logfile import LogFile
from drivers.address import SetupError

NOTHING_TO_SHOW: Mapping[str, str] = MappingProxyType({})


def start_agent(
    config: Config,
    *,
    tray: bool,
    stopping: Stopping | None = None,
    setup: bool = False,
    show: Mapping[str, str] = NOTHING_TO_SHOW,
) -> int:
    """Run until it ends; its exit code. ``setup``: a PC that is not paired yet is shown how to be, and the agent runs
    once it is. ``show``: a page to begin with and what it is asked (``PageBeside.open``). Raises ``UserError`` for
    whatever a person has to mend."""
    lines = LogFile(config.data_dir)
    set_up_logging(config.log_level, config.log_format, keep=lines.keep)
    stopping = stopping or Stopping()
    with closing(PageBeside(config.path, config.data_dir, config.language)) as page:
        if setup and not identity_path(config.data_dir).exists():
            icon = partial(_icon_of_setup, config, page, stopping) if tray else nullcontext
            page.until_paired({"stop": stopping.asked}, stopping.waits_for, line=show.get("line", ""), icon=icon)
            show = NOTHING_TO_SHOW
            if stopping.is_wanted:
                return 0
            config = load_config(config.path)
        if show:
            page.open(**show)
        while True:
            code = _run(config, page, lines, tray=tray, stopping=stopping)
            if code or not stopping.takes_again():
                return code
            config = load_config(config.path)


def _icon_of_setup(config: Config, page: PageBeside, stopping: Stopping) -> AbstractContextManager[None]:
    from agent.tray.at_work import tray_unpaired  # an agent without an icon loads nothing for one

    return tray_unpaired(config, page, lambda: stopping.asked(None))


def _run(config: Config, page: PageBeside, lines: LogFile, *, tray: bool, stopping: Stopping) -> int:
    identity = own_identity(config.data_dir)
    if config.server_url is not None and config.server_url != identity.server_url:
        structlog.get_logger("agent").warning(
            "config_names_another_server", config=config.server_url, paired_with=identity.server_url
        )
    if not config.devices:
        tell(f"В {config.path} нет ни одного устройства [[devices]]. / {config.path} has no device [[devices]].")
    try:
        return run_agent(config, identity, page, tray=tray, stopping=stopping, listen=lines.listen)
    except DeviceLocked as error:
        raise UserError(
            "device_locked",
            f"С устройством {error.address} уже работает KassaBridge на этом ПК. Второй агент не нужен.",
            f"KassaBridge is already using {error.address} on this PC. A second agent is not needed.",
            exit_code=1,
        ) from None
    except SetupError as error:
        raise UserError(error.code, f"{config.path}: {error.ru}", f"{config.path}: {error.en}") from None
    except JournalFailed as error:
        raise UserError(
            "journal_failed",
            f"Журнал {config.journal_path} не открывается или не пишется: {error}. Проверьте диск и права.",
            f"The journal {config.journal_path} cannot be opened or written: {error}. Check the disk and its rights.",
            exit_code=1,
        ) from None
