"""Valid samples, spoilt: flipped, cut, doubled, swapped, filled in, and JSON with a leaf or a branch exchanged."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

# What has broken parsers before: deep nesting, numbers without an end, halves of characters, marks of encodings.
NASTY = (
    b"", b"\x00", b"\xff" * 8, b"[" * 5000, b'{"a":' * 3000, b"9" * 5000, b"-1", b"1e999", b"NaN", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xed\xa0\x80", "ё".encode(), "١٢".encode(), b"\r\n", b"%00", b"]", b"://[", b"\x02\x00\x00", b"\x8f",
)  # fmt: skip
LEAVES: tuple[Any, ...] = (
    None, True, "", "x", "0" * 5000, "-1", "1e5", "\ud800", "\x00", "ё" * 300, 0, -1, 1 << 63, 1 << 70, 10**400, 0.1,
    float("nan"), float("inf"), [], {}, [[]], {"": None}, "2026-02-30T10:00:00", "９", "1" * 19 + ".00",
)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """One of the samples after up to six changes; now and then any bytes at all."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=200))
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 12)))
        match draw(st.sampled_from(("flip", "cut", "drop", "double", "insert", "swap", "nasty", "splice"))):
            case "flip" if at < len(data):
                data[at] ^= draw(st.integers(1, 255))
            case "cut":
                del data[at:]
            case "drop":
                del data[at:end]
            case "double":
                data[at:at] = data[at:end] * draw(st.integers(1, 3))
            case "insert":
                data[at:at] = draw(st.binary(max_size=6))
            case "swap" if at < len(data):
                other = draw(st.integers(0, len(data) - 1))
                data[at], data[other] = data[other], data[at]
            case "nasty":
                data[at:end] = draw(st.sampled_from(NASTY))
            case "splice":
                data[at:] = draw(st.sampled_from(samples))[at:]
    return bytes(data)


@st.composite
def spoilt_json(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """Still JSON: a value exchanged, a field lost, added, doubled or wrapped."""
    value = json.loads(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 4))):
        places = list(_places(value))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(("leaf", "lose", "wrap", "add", "move"))):
            case "leaf":
                holder[key] = copy.deepcopy(draw(st.sampled_from(LEAVES)))
            case "lose":
                del holder[key]
            case "wrap":
                holder[key] = draw(st.sampled_from(([holder[key]], {"a": holder[key]}, [holder[key]] * 40)))
            case "add" if isinstance(holder, dict):
                added = draw(st.sampled_from(("", "x", "sig", "payload", "\ud800")))
                holder[added] = copy.deepcopy(draw(st.sampled_from(LEAVES)))
            case "move":
                there, other = draw(st.sampled_from(places))
                holder[key] = copy.deepcopy(there[other])
    # An escaped half of a character is JSON, too: it must not be written as UTF-8.
    return json.dumps(value).encode("ascii")


def stuffed(samples: Sequence[bytes]) -> Iterator[bytes]:
    """What is nasty, alone and inside each sample, and every number of it grown out of all bounds."""
    yield from NASTY
    for sample in samples:
        for word in NASTY:
            for at in (0, len(sample) // 2, len(sample)):
                yield sample[:at] + word + sample[at:]
        for number in list(re.finditer(rb"[0-9]+", sample))[:10]:
            for grown in (b"9" * 5000, b"-1", b""):
                yield sample[: number.start()] + grown + sample[number.end() :]


def is_json(sample: bytes) -> bool:
    try:
        json.loads(sample)
    except ValueError:
        return False
    return True


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a tree, as (its holder, its key)."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])
