"""config.toml: what is read, and how each mistake is told: file, line, key, what was found, how to mend it."""

from __future__ import annotations

import codecs
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import ConfigError, Device, load_config, machine_data_dir
from agent.problems import UserError

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"

GOOD = """\
[server]
url = "https://kassa.example.ru"

[agent]
data_dir = "data"
language = "en"
log_level = "debug"
log_format = "json"

[[devices]]
kkm_id = "17"
driver = "shtrih"
address = "tcp:192.168.137.111:7778"
profile = "own.toml"

[[devices]]
kkm_id = "18"
driver = "shtrih"
address = "serial:COM3?baud=115200"
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def test_a_good_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD))
    assert config.server_url == "https://kassa.example.ru"
    assert config.data_dir == tmp_path / "data"
    assert (config.language, config.log_level, config.log_format) == ("en", "debug", "json")
    assert config.devices == (
        Device("17", "shtrih", "tcp:192.168.137.111:7778", tmp_path / "own.toml"),
        Device("18", "shtrih", "serial:COM3?baud=115200", None),
    )


def test_the_example_is_a_good_file_and_shows_every_key() -> None:
    config = load_config(EXAMPLE)
    assert config.server_url is not None
    assert [device.driver for device in config.devices] == ["shtrih"]
    text = EXAMPLE.read_text("utf-8")
    assert '\nurl = "https://' in text
    for key in ("data_dir", "language", "log_level", "log_format", "kkm_id", "driver", "address", "profile"):
        assert f"\n{key} = " in text or f"\n# {key} = " in text, key


def test_an_empty_file_is_enough_to_be_paired(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, ""))
    assert (config.server_url, config.language, config.devices) == (None, "ru", ())
    assert config.data_dir == machine_data_dir()


def test_a_mark_that_notepad_puts_before_utf8_does_no_harm(tmp_path: Path) -> None:
    assert len(load_config(write(tmp_path, codecs.BOM_UTF8 + GOOD.encode())).devices) == 2


DEVICE = '[[devices]]\nkkm_id = "17"\ndriver = "shtrih"\naddress = "tcp:10.0.0.7:7778"\n'

BROKEN = [
    # text, line, key, a word of the find, a word of the mending
    ('[server]\nurl = "https://kаssa.ru"\n', 2, "server.url", "10-й знак «а»", "английской раскладке"),
    ('[server]\nurl = "https://kassa.ru/щ"\n', 2, "server.url", "18-й знак «щ»", "английской раскладке"),
    ('[server]\nurl = "http://kassa.ru"\n', 2, "server.url", "без шифрования", "https://"),
    ('[server]\nurl = "kassa.ru"\n', 2, "server.url", "«kassa.ru»", "целиком"),
    ('[server]\nurl = "https://"\n', 2, "server.url", "«https://»", "целиком"),
    ('[server]\nurl = "https://kassa.ru:99999"\n', 2, "server.url", "99999", "целиком"),
    ("[server]\nurl = 17\n", 2, "server.url", "это не текст", 'url = "17"'),
    ("[server]\nurl = https://kassa.ru\n", 2, "url", "url = https://kassa.ru", 'url = "https://kassa.ru"'),
    ("[server]\nurl = “https://kassa.ru”\n", 2, "url", "“https", "прямыми кавычками"),
    ('[server]\nurl = "https://kassa.ru\n', 2, "url", "https://kassa.ru", "недостающую кавычку"),
    ('[server]\nadress = "x"\n', 2, "server.adress", "неизвестный ключ", "удалите"),
    ('[server]\nurI = "https://x.ru"\n', 2, "server.urI", "неизвестный ключ", "«url»"),
    ('[sever]\nurl = "https://x.ru"\n', 1, "sever", "неизвестный ключ", "«server»"),
    ('server = "https://x.ru"\n', 1, "server", "https://x.ru", "[server]"),
    ('[agent]\ndata_dir = "C:\\ProgramData\\KB"\n', 2, "data_dir", "C:\\ProgramData", "одинарными"),
    ('[agent]\ndata_dir = "C:\\temp\\new"\n', 2, "agent.data_dir", "управляющий знак", "одинарных кавычках"),
    ('[agent]\nlanguage = "russian"\n', 2, "agent.language", "«russian»", '"ru"'),
    ('[agent]\nlog_level = "verbose"\n', 2, "agent.log_level", "«verbose»", "log_level"),
    ('[support]\nconsent = "never"\n', 2, "support.consent", "«never»", "consent = "),
    ('[support]\nconcent = "ask"\n', 2, "support.concent", "concent", "consent"),
    ("[agent]\nlanguage = true\n", 2, "agent.language", "«true»", "language"),
    ('[devices]\nkkm_id = "17"\n', 1, "devices", "[…]", "двойными скобками"),
    ('[[devices]]\ndriver = "shtrih"\naddress = "tcp:h:1"\n', 1, "devices[0].kkm_id", "нет ключа", "добавьте"),
    (DEVICE.replace('"17"', "17"), 2, "devices[0].kkm_id", "«17»", 'kkm_id = "17"'),
    (DEVICE.replace('"17"', '"К17"'), 2, "devices[0].kkm_id", "1-й знак «К»", "английской раскладке"),
    (DEVICE.replace('"17"', '"17 "'), 2, "devices[0].kkm_id", "«17 »", "справочника"),
    (DEVICE + "\n" + DEVICE, 7, "devices[1].kkm_id", "уже есть в строке 2", "справочнике"),
    (DEVICE.replace("adress", "x").replace("tcp:10.0.0.7:7778", "10.0.0.7"), 4, "devices[0].address", "10.0.0.7", ""),
    (DEVICE.replace("tcp:10.0.0.7:7778", "tcp:10.0.0.7"), 4, "devices[0].address", "tcp:10.0.0.7", "двоеточие"),
    (DEVICE.replace("tcp:10.0.0.7:7778", "tcp:кассa:7778"), 4, "devices[0].address", "5-й знак «к»", "латиницей"),
    (DEVICE.replace("tcp:10.0.0.7:7778", "com:3"), 4, "devices[0].address", "com", "двоеточие"),
    (DEVICE + 'profile = "C:\\new.toml"\n', 5, "devices[0].profile", "управляющий знак", "одинарных"),
    (DEVICE + 'adress = "x"\n', 5, "devices[0].adress", "неизвестный ключ", "«address»"),
    ("[agent\n", 1, "", "[agent", "config.example.toml"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "key", "found", "mend"), BROKEN, ids=[f"{b[2]}-{n}" for n, b in enumerate(BROKEN)]
)
def test_a_mistake_is_named(tmp_path: Path, text: str, line: int, key: str, found: str, mend: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    problem = caught.value.problems[0]
    assert (problem.line, problem.key) == (line, key)
    assert found in problem.mistake.found_ru
    assert mend in problem.mistake.mend_ru
    assert all((problem.mistake.found_en, problem.mistake.expected_en, problem.mistake.mend_en))
    told = str(caught.value)
    assert f"{path}, строка {line}" in told
    assert f"{path}, line {line}" in told


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = '[server]\nurl = "ftp://x"\n' + DEVICE.replace('"17"', '"1 7"').replace("tcp:", "")
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert [problem.line for problem in caught.value.problems] == [2, 4, 6]


@pytest.mark.parametrize(
    ("raw", "line", "word"),
    [
        (GOOD.encode("utf-16"), None, "UTF-16"),
        (codecs.BOM_UTF16_BE + GOOD.encode("utf-16-be"), None, "UTF-16"),
        (GOOD.encode("utf-16-le"), None, "UTF-16"),
        ("[server]\n# касса\n".encode("cp1251"), 2, "Windows-1251"),
    ],
    ids=["utf-16", "utf-16 be", "utf-16 without a mark", "cp1251"],
)
def test_another_encoding_is_explained(tmp_path: Path, raw: bytes, line: int | None, word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, raw))
    problem = caught.value.problems[0]
    assert problem.line == line
    assert word in problem.mistake.found_ru
    assert "UTF-8" in problem.mistake.mend_ru


def test_a_missing_file_names_the_example(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load_config(tmp_path / "config.toml")
    assert caught.value.code == "no_config"
    assert str(tmp_path / "config.toml") in caught.value.ru
    assert "config.example.toml" in caught.value.en


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load_config(tmp_path)
    assert caught.value.code == "config_unreadable"


@pytest.mark.parametrize(
    ("text", "consent"), [("", "ask"), ("[support]\n", "ask"), ("[support]\nconsent = 'always'\n", "always")]
)
def test_only_these_very_words_agree_to_every_bundle(tmp_path: Path, text: str, consent: str) -> None:
    assert load_config(write(tmp_path, text.encode())).consent == consent


@given(st.binary(max_size=200))
def test_any_bytes_give_a_configuration_or_a_told_mistake(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = write(tmp_path_factory.getbasetemp(), raw)
    with contextlib.suppress(UserError):
        load_config(path)


_WORDS = st.sampled_from(
    ["[server]", "[agent]", "[[devices]]", "[devices]", "url", "kkm_id", "address", "=", '"x"', "'x'", "17", "{}", "[]",
     "\n", ".", "#", '"tcp:h:1"', "true", "1979-05-27", "nan", '"""', "\\", "driver", "data_dir"]
)  # fmt: skip


@given(st.lists(_WORDS, max_size=25).map(" ".join))
def test_any_toml_like_text_gives_a_configuration_or_a_told_mistake(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = write(tmp_path_factory.getbasetemp(), text)
    with contextlib.suppress(UserError):
        load_config(path)
