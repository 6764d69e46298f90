"""Where icons are shown, as far as this system tells."""

from __future__ import annotations

import sys

import pytest

from agent.tray import taskbar
from agent.tray.icons import Bar


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells; elsewhere this is assumed")
def test_elsewhere_than_on_windows_a_panel_is_dark_and_scales_what_it_is_given() -> None:
    assert taskbar.bar() is Bar.DARK
    assert taskbar.small_icon() == 32


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows has a registry")
def test_windows_tells_both() -> None:
    assert taskbar.bar() in Bar
    assert 16 <= taskbar.small_icon() <= 64
