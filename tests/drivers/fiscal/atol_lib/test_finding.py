"""Where the library is looked for, and that one of the wrong kind is named instead of loaded."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.fiscal.atol_lib.finding import AUTO, LibraryError, System, find_library, installed_folders
from drivers.fiscal.atol_lib.image import Image, _elf, _pe, image_of

X64, X86, ARM64 = Image(64, "x86-64"), Image(32, "x86"), Image(64, "ARM64")


def elf(bits: int, machine: int) -> bytes:
    return b"\x7fELF" + bytes([bits // 32, 1]) + bytes(10) + struct.pack("<HH", 3, machine) + bytes(100)


def pe(machine: int) -> bytes:
    return b"MZ" + bytes(58) + struct.pack("<I", 0x80) + bytes(64) + b"PE\0\0" + struct.pack("<H", machine) + bytes(50)


ELF64, ELF32 = elf(64, 62), elf(32, 3)
DLL64, DLL32 = pe(0x8664), pe(0x14C)


def put(path: Path, contents: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents)
    return path


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contents", "image"),
    [
        (ELF64, X64),
        (ELF32, X86),
        (elf(64, 183), ARM64),
        (elf(32, 40), Image(32, "ARM")),
        (elf(64, 243), Image(64, "machine 243")),
        (DLL64, X64),
        (DLL32, X86),
        (pe(0xAA64), ARM64),
        (b"", None),
        (b"#!/bin/sh\n", None),
        (b"\x7fELF", None),
        (b"MZ", None),
        (pe(0x8664)[:130], None),
    ],
)
def test_the_processor_stands_in_the_header(tmp_path: Path, contents: bytes, image: Image | None) -> None:
    assert image_of(put(tmp_path / "file", contents)) == image


@given(st.binary(max_size=200))
def test_any_bytes_are_an_image_or_none(rest: bytes) -> None:
    for read, mark in ((_elf, b"\x7fELF"), (_pe, b"MZ")):
        image = read(mark + rest)
        assert image is None or image.bits in (32, 64)


def test_this_python_is_read() -> None:
    image = image_of(Path(sys.executable))
    assert image is not None
    assert image.bits == (64 if sys.maxsize > 2**32 else 32)


# --- the search ------------------------------------------------------------------------------------------------------


class Pc:
    """An invented PC under a folder of its own."""

    def __init__(self, root: Path, platform: str = "linux", host: bytes = ELF64) -> None:
        self.root = root
        self.host = put(root / "app" / "python", host)
        self.system = System(platform, root / "app", {}, tuple, root)

    def find(self, wanted: str = AUTO) -> str:
        return find_library(wanted, self.host, self.system).relative_to(self.root).as_posix()


def test_a_path_that_is_given_is_the_only_place(tmp_path: Path) -> None:
    pc = Pc(tmp_path)
    put(tmp_path / "usr/lib/libfptr10.so", ELF64)
    given = put(tmp_path / "own/atol.so", ELF64)
    assert pc.find(str(given)) == "own/atol.so"
    with pytest.raises(LibraryError) as caught:
        pc.find(str(tmp_path / "none.so"))
    assert (caught.value.code, caught.value.detail) == ("driver_missing", str(tmp_path / "none.so"))


def test_a_folder_that_is_given_is_looked_into(tmp_path: Path) -> None:
    put(tmp_path / "own/libfptr10.so", ELF64)
    assert Pc(tmp_path).find(str(tmp_path / "own")) == "own/libfptr10.so"


def test_on_linux_the_nearest_place_wins(tmp_path: Path) -> None:
    pc = Pc(tmp_path)
    places = (
        "usr/lib/x86_64-linux-gnu/libfptr10.so",
        "usr/local/lib/libfptr10.so",
        "opt/fptr10/libfptr10.so",
        "usr/lib/fptr10/libfptr10.so",
        "app/libfptr10.so",
    )
    for place in places:
        put(tmp_path / place, ELF64)
        assert pc.find() == place


def test_on_windows_both_views_of_the_registry_are_followed(tmp_path: Path) -> None:
    """What an installer wrote there is its folder; the library stands in ``bin`` below it."""
    put(tmp_path / "reg64/bin/fptr10.dll", DLL64)
    put(tmp_path / "reg32/bin/fptr10.dll", DLL32)
    views = (str(tmp_path / "reg64"), str(tmp_path / "reg32"))
    for host, place in ((DLL64, "reg64/bin/fptr10.dll"), (DLL32, "reg32/bin/fptr10.dll")):
        pc = Pc(tmp_path, "win32", host)
        pc.system = System("win32", tmp_path / "app", {}, lambda: views)
        assert pc.find() == place


def test_on_windows_the_usual_folders_and_the_path_come_last(tmp_path: Path) -> None:
    pc = Pc(tmp_path, "win32", DLL64)
    environment = {"ProgramFiles": str(tmp_path / "pf"), "PATH": f"{tmp_path / 'x'};{tmp_path / 'y'}"}
    pc.system = System("win32", tmp_path / "app", environment, tuple)
    for place in ("y/fptr10.dll", "x/fptr10.dll", "pf/ATOL/Drivers10/KKT/bin/fptr10.dll", "app/fptr10.dll"):
        put(tmp_path / place, DLL64)
        assert pc.find() == place


def test_a_library_for_another_processor_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "app/libfptr10.so", ELF32)
    put(tmp_path / "usr/lib/libfptr10.so", ELF64)
    assert Pc(tmp_path).find() == "usr/lib/libfptr10.so"


def test_the_wrong_bitness_names_both_sides(tmp_path: Path) -> None:
    pc = Pc(tmp_path)
    library = put(tmp_path / "usr/lib/libfptr10.so", ELF32)
    for wanted in (AUTO, str(library)):
        with pytest.raises(LibraryError) as caught:
            pc.find(wanted)
        assert caught.value.code == "driver_bitness"
        assert caught.value.detail == f"{library} is 32-bit x86; the program {pc.host} is 64-bit x86-64"


def test_a_program_whose_kind_cannot_be_read_may_try(tmp_path: Path) -> None:
    put(tmp_path / "usr/lib/libfptr10.so", ELF32)
    assert Pc(tmp_path, host=b"#!/bin/sh\n").find() == "usr/lib/libfptr10.so"


def test_no_library_anywhere_names_the_places(tmp_path: Path) -> None:
    with pytest.raises(LibraryError) as caught:
        Pc(tmp_path).find()
    assert caught.value.code == "driver_missing"
    for place in ("app", "usr/lib/fptr10", "usr/lib/x86_64-linux-gnu"):
        assert str(tmp_path / place) in caught.value.detail


@pytest.mark.parametrize("contents", [b"", b"text", b"\x7fELF"])
def test_a_file_that_is_no_library_is_named(tmp_path: Path, contents: bytes) -> None:
    file = put(tmp_path / "libfptr10.so", contents)
    with pytest.raises(LibraryError) as caught:
        Pc(tmp_path).find(str(file))
    assert (caught.value.code, caught.value.detail) == ("driver_failed", f"{file}: not a library")


@pytest.mark.skipif(sys.platform == "win32", reason="there is a registry")
def test_no_registry_is_no_entry() -> None:
    assert installed_folders() == ()
