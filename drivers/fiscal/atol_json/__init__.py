"""Registers of ATOL behind the vendor's library, whichever way a task reaches it."""

from drivers.fiscal.atol_json.register import AtolJsonRegister, Times
from drivers.fiscal.atol_json.runner import LibraryFacts, TaskRunner, Traits, answer_of, verdict

__all__ = ["AtolJsonRegister", "LibraryFacts", "TaskRunner", "Times", "Traits", "answer_of", "verdict"]
