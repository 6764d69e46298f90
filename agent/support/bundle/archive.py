"""The zip file of a bundle."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from agent.support.bundle.collect import Bundle

EPOCH = (2020, 1, 1, 0, 0, 0)
"""Of every entry: when the bundle was made stands in its manifest, and the same bundle gives the same bytes."""


def to_zip(bundle: Bundle) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in bundle.entries:
            archive.writestr(zipfile.ZipInfo(entry.name, EPOCH), entry.content, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def write_zip(bundle: Bundle, path: Path) -> int:
    """The size in bytes. Whole or not at all. Raises ``OSError``."""
    content = to_zip(bundle)
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return len(content)


def file_name(bundle: Bundle) -> str:
    return f"kassabridge-{bundle.reference}.zip"
