"""A question of a command to the running agent, whose silence is told in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a parser is built for every command: it loads nothing heavy
    from agent.config import Config


def ask_agent(config: Config, what: str, params: dict[str, Any], *, patience: float | None = None) -> dict[str, Any]:
    """Raises ``UserError``: ``agent_not_running``, ``agent_silent``, and what the agent refuses with."""
    from agent.desk.channel import NotRunning, Silent, ask, not_running, silent

    try:
        return ask(config.data_dir, what, params, patience=patience)
    except NotRunning:
        raise not_running() from None
    except Silent:
        raise silent() from None
