from __future__ import annotations

import pytest

from drivers.address import FORMS, Address, AddressError, parse_address, whereabouts


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp:10.0.0.7:7778", Address("tcp", "10.0.0.7:7778", {}, "10.0.0.7", 7778)),
        ("TCP:kassa.local:1", Address("tcp", "kassa.local:1", {}, "kassa.local", 1)),
        (" tcp:[::1]:65535 ", Address("tcp", "[::1]:65535", {}, "::1", 65535)),
        ("tcp:h:1?connect_time=2", Address("tcp", "h:1", {"connect_time": "2"}, "h", 1)),
        ("serial:COM3?baud=115200", Address("serial", "COM3", {"baud": "115200"})),
        ("usb:1fc9:0083", Address("usb", "1fc9:0083")),
        ("sim:shtrih?state=касса.json", Address("sim", "shtrih", {"state": "касса.json"})),
        ("pty:/tmp/касса", Address("pty", "/tmp/касса")),
        (r"exe:C:\sc552", Address("exe", r"C:\sc552")),
        ("http://127.0.0.1:16732", Address("http", "//127.0.0.1:16732", {}, "127.0.0.1", 16732)),
        ("http://kassa:16732/?device=2", Address("http", "//kassa:16732", {"device": "2"}, "kassa", 16732)),
        ("lib:/opt/a.so?tcp=127.0.0.1:5555", Address("lib", "/opt/a.so", {"tcp": "127.0.0.1:5555"})),
    ],
)
def test_an_address_is_text(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "wrong", "form"),
    [
        ("", "has no scheme", "tcp:10.0.0.7:7778"),
        ("COM3", "has no scheme", "scheme:target"),
        ("com:COM3", "unknown scheme 'com'", "one of tcp, serial"),
        ("tcp:", "nothing after the scheme", "tcp:HOST:PORT"),
        ("tcp:10.0.0.7", "host or port is missing", "tcp:HOST:PORT"),
        ("tcp::7778", "host or port is missing", "tcp:HOST:PORT"),
        ("tcp:::1:7778", "host or port is missing", "tcp:HOST:PORT"),
        ("tcp:h:", "port '' is not in 1..65535", "tcp:HOST:PORT"),
        ("tcp:h:0", "port '0' is not in 1..65535", "tcp:HOST:PORT"),
        ("tcp:h:65536", "port '65536' is not in 1..65535", "tcp:HOST:PORT"),
        ("tcp:h:٣", "port '٣' is not in 1..65535", "tcp:HOST:PORT"),
        ("http://kassa", "host or port is missing", "http://HOST:PORT"),
        ("http://kassa:16732/api", "port '16732/api' is not in 1..65535", "http://HOST:PORT"),
        ("serial:COM3?baud", "options 'baud'", "?name=value"),
        ("serial:СОМ3", "character 8, “С”, is a Cyrillic letter that looks like the Latin “C”", "serial:PORT"),
        ("tcp:касса:7778", "character 5, “к”, is a Cyrillic letter", "tcp:HOST:PORT"),
        ("тcp:h:1", "character 1, “т”, is Cyrillic", "one of tcp"),
    ],
)
def test_a_bad_address_names_what_is_wrong_and_the_form(text: str, wrong: str, form: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert caught.value.code == "bad_address"
    assert wrong in caught.value.en
    assert form in caught.value.en
    assert caught.value.ru.startswith(f"Адрес {text!r}")


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(AddressError) as caught:
        parse_address("http://admin:secret@kassa:16732")
    assert "secret" not in caught.value.en + caught.value.ru
    assert "profile" in caught.value.en


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("tcp:10.0.0.7:7778", "tcp:10.0.0.7:7778"),
        ("tcp:10.0.0.7:7778?protocol=2&connect_time=1", "tcp:10.0.0.7:7778"),
        ("serial:COM7?baud=9600", "serial:COM7"),
        ("lib:auto?tcp=10.0.0.7:7778&ofd=none", "tcp:10.0.0.7:7778"),
        ("lib:/opt/libfptr10.so?serial=COM7&baud=9600", "serial:COM7"),
        ("lib:auto?usb=auto", "usb:auto"),
        ("http://127.0.0.1:16732?device=kassa2", "http://127.0.0.1:16732?device=kassa2"),
        ("http://127.0.0.1:16732", "http://127.0.0.1:16732"),
        ("sim:shtrih?state=a.json&fault=mute", "sim:shtrih?state=a.json"),
        ("not an address", "not an address"),
    ],
)
def test_where_a_device_is_whoever_speaks_to_it(text: str, place: str) -> None:
    assert whereabouts(text) == place


def test_every_scheme_shows_its_form() -> None:
    assert all(form.startswith(scheme) for scheme, form in FORMS.items())
