"""What a program changes in a file that people write: only that, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import Device, load_config
from agent.config_edit import add_device, move_device
from agent.problems import UserError

ONE = Device("17", "shtrih", "tcp:192.168.137.111:7778")
TWO = Device("18", "atol-wire", 'serial:/dev/serial/by-id/a "b"')


def test_the_first_device_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "config.toml"
    assert add_device(path, ONE).devices == (ONE,)
    assert add_device(path, TWO).devices == (ONE, TWO)
    assert load_config(path).devices == (ONE, TWO)


@pytest.mark.parametrize(
    "text",
    [
        "# ничего\n",
        '[server]\nurl = "https://a.example"  # наш\n',
        '[agent]\nlanguage = "en"',  # no end of line
        '\ufeff[server]\r\nurl = "https://a.example"\r\n',
        '[[devices]]\nkkm_id = "9"\ndriver = "shtrih"\naddress = "tcp:1.1.1.1:1"\n\n[agent]\nlanguage = "ru"\n',
    ],
)
def test_everything_else_stays_as_it_was(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8", newline="")
    before = load_config(path)
    after = add_device(path, ONE)
    assert after.devices == (*before.devices, ONE)
    assert (after.server_url, after.language) == (before.server_url, before.language)
    assert path.read_bytes().decode().startswith(text.lstrip("\ufeff"))


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        ('address = "tcp:1.1.1.1:1"', 'address = "serial:COM5"'),
        ("address='tcp:1.1.1.1:1' # у окна", 'address="serial:COM5" # у окна'),
        ('address   =   "tcp:1.1.1.1:1"', 'address   =   "serial:COM5"'),
        ('"address" = "tcp:1.1.1.1:1"', '"address" = "serial:COM5"'),
    ],
)
def test_only_the_address_of_that_device_changes(tmp_path: Path, line: str, moved: str) -> None:
    path = tmp_path / "config.toml"
    text = '[[devices]]\nkkm_id = "1"\ndriver = "shtrih"\naddress = "tcp:1.1.1.1:1"\n\n'
    text += f'[[devices]]\nkkm_id = "2"\ndriver = "shtrih"\n{line}\n'
    path.write_text(text, encoding="utf-8")
    devices = move_device(path, "2", "serial:COM5").devices
    assert [device.address for device in devices] == ["tcp:1.1.1.1:1", "serial:COM5"]
    assert path.read_text(encoding="utf-8") == moved.join(text.rsplit(line, 1))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('devices = [{kkm_id = "1", driver = "shtrih", address = "tcp:1.1.1.1:1"}]\n', "bad_config"),
        ("[server\n", "bad_config"),
        ('[[devices]]\nkkm_id = "17"\ndriver = "shtrih"\naddress = "tcp:1.1.1.1:1"\n', "bad_config"),  # there already
    ],
)
def test_a_file_that_cannot_be_changed_stays(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as refused:
        add_device(path, ONE)
    assert refused.value.code == code
    assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_an_address_that_stands_in_another_way_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    text = '[[devices]]\nkkm_id = "1"\ndriver = "shtrih"\naddress = """tcp:1.1.1.1:1"""\n'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as refused:
        move_device(path, "1", "serial:COM5")
    assert refused.value.code in ("config_not_changed", "bad_config")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("device", [Device("касса", "shtrih", "tcp:1.1.1.1:1"), Device("17", "shtrih", "COM3")])
def test_what_the_file_may_not_say_is_not_written(tmp_path: Path, device: Device) -> None:
    path = tmp_path / "config.toml"
    with pytest.raises(UserError) as refused:
        add_device(path, device)
    assert refused.value.code == "bad_config"
    assert not path.exists()
