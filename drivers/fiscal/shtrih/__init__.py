"""The Shtrih-M family."""

from drivers.fiscal.shtrih.profile import load_profile
from drivers.fiscal.shtrih.register import ShtrihRegister

__all__ = ["ShtrihRegister", "load_profile"]
