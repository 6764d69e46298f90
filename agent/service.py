"""``kassabridge agent service install | remove | run``: the agent without a screen, on Windows."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agent.console import answer, show
from agent.problems import UserError

if TYPE_CHECKING:
    from agent.config import Config

Load = Callable[[argparse.Namespace], "Config"]


def add_parsers(actions: Any, load: Load, options: Callable[[argparse.ArgumentParser], None]) -> None:
    """``options`` adds ``--config`` and ``--json``."""
    service = actions.add_parser("service", help="Windows: the agent as a service, without a screen")
    looks = service.add_subparsers(metavar="WHAT", required=True)
    for name, help_, run in (
        ("install", "as an administrator: install it, or mend its paths", _install),
        ("remove", "as an administrator: stop it and take it out; the data stay", _remove),
        ("run", "for Windows' service manager", _run),
    ):
        parser = looks.add_parser(name, help=help_)
        options(parser)
        parser.set_defaults(run=lambda args, run=run: run(load(args), args))


def _install(config: Config, args: argparse.Namespace) -> int:
    _on_windows()
    from agent.windows.scm import Manager
    from agent.windows.service import NAME, service_of

    service = service_of(config.path)
    _told(lambda: Manager().install(service))
    if args.json:
        answer({"service": NAME, "command": service.command, "account": service.account})
    else:
        show(f"Служба {NAME} установлена: {service.command}. Запустить: net start {NAME}")
        show(f"The service {NAME} is installed. To start it: net start {NAME}")
    return 0


def _remove(config: Config, args: argparse.Namespace) -> int:
    _on_windows()
    from agent.windows.scm import Manager
    from agent.windows.service import NAME, STOPPED_WITHIN

    if not _told(lambda: Manager().remove(NAME, STOPPED_WITHIN)):
        raise UserError(
            "service_still_running",
            f"Служба {NAME} ещё заканчивает начатое с кассой. Подождите и повторите.",
            f"The service {NAME} is still ending what it has begun at a register. Wait and try again.",
            exit_code=1,
        )
    if args.json:
        answer({"service": NAME, "removed": True})
    else:
        show(f"Служба {NAME} удалена, данные остались в {config.data_dir}. / The service is removed, the data stay.")
    return 0


def _run(config: Config, _: argparse.Namespace) -> int:
    _on_windows()
    from agent.loading import loading

    with loading():
        from agent.starting import start_agent
    from agent.windows.scm import Manager
    from agent.windows.service import run_service

    return run_service(lambda stopping: start_agent(config, tray=False, stopping=stopping), Manager())


def _on_windows() -> None:
    if sys.platform != "win32":
        raise UserError(
            "windows_only",
            "Служба Windows есть только на Windows. На Linux агент запускает systemd: docs/linux.md.",
            "A Windows service is for Windows. On Linux systemd starts the agent: docs/linux.md.",
        )


def _told(do: Callable[[], Any]) -> Any:
    """With Windows' refusals as errors for a person, by their number."""
    from agent.windows.scm import Errors

    try:
        return do()
    except OSError as error:
        match getattr(error, "winerror", None):
            case Errors.ACCESS_DENIED:
                raise UserError(
                    "needs_administrator",
                    "Нужны права администратора: откройте командную строку от имени администратора и повторите.",
                    "Administrator's rights are needed: open a command line as an administrator and try again.",
                ) from None
            case Errors.NO_SUCH_SERVICE:
                raise UserError(
                    "no_service",
                    "Служба KassaBridge не установлена.",
                    "The service KassaBridge is not installed.",
                    exit_code=1,
                ) from None
        raise UserError(
            "service_failed",
            f"Windows отказала: {error}. Передайте это поддержке.",
            f"Windows refused: {error}. Tell support.",
            exit_code=1,
        ) from None
