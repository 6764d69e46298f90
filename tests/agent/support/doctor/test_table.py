from __future__ import annotations

from tests.agent.support.doctor.table import PAGE, filled


def test_the_page_tells_every_cause_as_it_is() -> None:
    page = PAGE.read_text("utf-8")
    assert filled(page) == page, "run: python -m tests.agent.support.doctor.table"


def test_every_check_that_the_page_names_exists() -> None:
    import re

    from agent.support.doctor import CHECKS

    ids = {check.id for check in CHECKS}
    families = {id_.split(".")[0] for id_ in ids}
    named = re.findall(r"`((?:" + "|".join(families) + r")\.[a-z_]+)`", PAGE.read_text("utf-8"))
    assert named
    assert set(named) == ids
