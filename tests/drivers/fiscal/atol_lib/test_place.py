"""What an address tells the library, in the library's own words."""

from __future__ import annotations

import pytest

from drivers.address import AddressError, parse_address
from drivers.fiscal.atol_lib.place import Place, place_of


def place(text: str) -> Place:
    return place_of(parse_address(text))


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("tcp=127.0.0.1:5555", {"Port": "2", "IPAddress": "127.0.0.1", "IPPort": "5555"}),
        ("tcp=kassa.local:07778", {"Port": "2", "IPAddress": "kassa.local", "IPPort": "7778"}),
        ("tcp=[::1]:5555", {"Port": "2", "IPAddress": "::1", "IPPort": "5555"}),
        ("serial=COM7", {"Port": "0", "ComFile": "COM7", "BaudRate": "115200"}),
        ("serial=/dev/ttyACM0&baud=9600", {"Port": "0", "ComFile": "/dev/ttyACM0", "BaudRate": "9600"}),
        ("usb=auto", {"Port": "1", "UsbDevicePath": "auto"}),
        ("usb=1-2.3", {"Port": "1", "UsbDevicePath": "1-2.3"}),
        ("usb=auto&ofd=none", {"Port": "1", "UsbDevicePath": "auto", "OfdChannel": "0"}),
        ("usb=auto&ofd=pc", {"Port": "1", "UsbDevicePath": "auto", "OfdChannel": "2"}),
        ("usb=auto&model=57", {"Port": "1", "UsbDevicePath": "auto", "Model": "57"}),
    ],
)
def test_options_become_settings(options: str, settings: dict[str, str]) -> None:
    found = place(f"lib:auto?{options}")
    assert dict(found.settings) == {"Model": "500", "AutoReconnect": "0", **settings}
    assert found.python is None


def test_paths() -> None:
    assert place("lib:/opt/fptr10/libfptr10.so?usb=auto").library == "/opt/fptr10/libfptr10.so"
    found = place(r"lib:C:\ATOL\bin\fptr10.dll?usb=auto&python=C:\Python32\python.exe")
    assert (found.library, found.python) == (r"C:\ATOL\bin\fptr10.dll", r"C:\Python32\python.exe")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "exactly one of tcp, serial, usb"),
        ("?ofd=pc", "exactly one of tcp, serial, usb"),
        ("?tcp=a:1&usb=auto", "exactly one of tcp, serial, usb"),
        ("?tcp=127.0.0.1", "expected HOST:PORT"),
        ("?tcp=:5555", "expected HOST:PORT"),
        ("?tcp=a:0", "expected HOST:PORT"),
        ("?tcp=a:99999", "expected HOST:PORT"),
        ("?serial=", "expected a port"),
        ("?serial=COM1&baud=1", "baud=1: expected 1200, "),
        ("?usb=auto&baud=9600", "baud belongs to serial"),
        ("?usb=auto&ofd=wifi", "ofd=wifi: expected none, usb, pc"),
        ("?usb=auto&model=x", "model=x: expected a number"),
    ],
)
def test_what_is_wrong_is_named(options: str, words: str) -> None:
    with pytest.raises(AddressError) as caught:
        place(f"lib:auto{options}")
    assert caught.value.code == "bad_address"
    assert words in caught.value.en
    assert caught.value.ru.startswith("Адрес lib:auto")
