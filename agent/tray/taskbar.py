"""What the system says about the place where icons are shown: asked where they are, never on import."""

from __future__ import annotations

import sys

from agent.tray.icons import Bar

_THEME = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
_SM_CXSMICON = 49
_ELSEWHERE = 32  # pixels; Linux panels scale what they are given


def bar() -> Bar:
    """The task bar's colour. Windows 10 1903 and later tell; before that, and on most Linux panels, it is dark."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _THEME) as key:
                light, _ = winreg.QueryValueEx(key, "SystemUsesLightTheme")
        except OSError:
            return Bar.DARK
        return Bar.LIGHT if light == 1 else Bar.DARK
    return Bar.DARK


def small_icon() -> int:
    """Pixels of an icon beside the clock, at the scale of the main screen."""
    if sys.platform == "win32":
        import ctypes

        return int(ctypes.windll.user32.GetSystemMetrics(_SM_CXSMICON)) or 16
    return _ELSEWHERE
