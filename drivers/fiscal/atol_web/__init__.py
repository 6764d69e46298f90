"""ATOL's registers by their maker's web server (requests over HTTP)."""

from drivers.fiscal.atol_web.http import HttpClient
from drivers.fiscal.atol_web.profile import Profile, load_profile
from drivers.fiscal.atol_web.register import AtolWebRegister
from drivers.fiscal.atol_web.runner import WebRunner

__all__ = ["AtolWebRegister", "HttpClient", "Profile", "WebRunner", "load_profile"]
