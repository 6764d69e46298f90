"""ATOL's registers by their maker's web server (requests over HTTP)."""

from drivers.fiscal.atol_web.profile import Profile, load_profile
from drivers.fiscal.atol_web.register import AtolWebRegister
from drivers.fiscal.atol_web.runner import WebRunner
from drivers.transports.http import HttpClient

__all__ = ["AtolWebRegister", "HttpClient", "Profile", "WebRunner", "load_profile"]
