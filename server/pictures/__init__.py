"""Fiscal documents as pictures for screens: what ``protocol.ffd.layout`` lays out, drawn."""

from server.pictures.page import draw_html
from server.pictures.svg import draw_svg

__all__ = ["draw_html", "draw_svg"]
