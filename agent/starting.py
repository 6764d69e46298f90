"""Starts the agent as its surroundings want it: from the command line, as a service, beside a tray icon."""

from __future__ import annotations

import structlog

from agent.app import Stopping, run_agent
from agent.config import Config
from agent.console import tell
from agent.devices.lock import DeviceLocked
from agent.identity import own_identity
from agent.journal.store import JournalFailed
from agent.logs import set_up_logging
from agent.problems import UserError
from agent.support.logfile import LogFile
from drivers.address import SetupError


def start_agent(config: Config, *, tray: bool, stopping: Stopping | None = None) -> int:
    """Run until it ends; its exit code. Raises ``UserError`` for whatever a person has to mend."""
    set_up_logging(config.log_level, config.log_format, keep=LogFile(config.data_dir).keep)
    identity = own_identity(config.data_dir)
    if config.server_url is not None and config.server_url != identity.server_url:
        structlog.get_logger("agent").warning(
            "config_names_another_server", config=config.server_url, paired_with=identity.server_url
        )
    if not config.devices:
        tell(f"В {config.path} нет ни одного устройства [[devices]]. / {config.path} has no device [[devices]].")
    try:
        return run_agent(config, identity, tray=tray, stopping=stopping)
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
