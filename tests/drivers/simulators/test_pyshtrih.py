"""An independent client of the same protocol, ``pyshtrih`` from the package index, drives a simulator's process.

It was written by other people for real registers; it wants a serial port. Where it and the protocol's text differ,
docs/simulators.md says who is right.
"""

import json
import termios
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyshtrih  # type: ignore[import-untyped]
import pytest

from drivers.simulators.cli import main
from tests.drivers.simulators.test_simulated_ports import Simulator, simulator

BAUD = 115200


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Simulator, Any]]:
    """A simulator with its control channel, and the client connected to it."""
    port, state = tmp_path / "port", tmp_path / "register.json"
    args = ("--state", str(state), "--clock", "2026-11-22T10:00:00", "--baud", str(BAUD))
    with simulator(f"pty:{port}", *args) as running:
        (client,) = pyshtrih.discovery(port=str(port), baudrate=BAUD)
        client.timeout = 10
        client.connect()
        try:
            yield running, client
        finally:
            client.disconnect()


def closed(client: Any, cash: int) -> Any:
    client.wait_printing()  # the client itself does not wait before this command
    return client.close_check(cash)


def test_finds_the_register_and_its_kind(desk: tuple[Simulator, Any]) -> None:
    _, client = desk
    assert isinstance(client, pyshtrih.ShtrihM01F)
    assert client.name.startswith("ШТРИХ-М-01Ф")
    assert client.dev_info["Модель устройства"] == 250


def test_finds_nothing_at_another_speed(tmp_path: Path) -> None:
    with simulator(f"pty:{tmp_path / 'port'}", "--baud", "57600"):
        assert pyshtrih.discovery(port=str(tmp_path / "port"), baudrate=BAUD) == []


def test_statuses(desk: tuple[Simulator, Any]) -> None:
    _, client = desk
    short, full, fn = client.state(), client.full_state(), client.fs_state()
    assert (short["Режим ФР"].state, short["Подрежим ФР"].state) == ((4, 0), 0)
    assert short["Флаги ФР"]["Рулон чековой ленты"] == 1
    assert full["Дата"] == date(2026, 11, 22)
    assert full["Время"].hour == 10
    assert fn["Состояние фазы жизни"]["Открыт фискальный режим"] == 1
    assert fn["Дата и время"] == datetime.fromisoformat("2026-11-22T10:00:00")
    assert (fn["Текущий документ"], fn["Номер последнего ФД"]) == ("нет открытого документа", 1)
    assert client.fs_expiration_time()["Выполнено отчетов о перерегистрации"] == 1
    assert client.fs_shift_params()["Состояние смены"] == "смена закрыта"
    assert client.fs_unconfirmed_document_count()["Количество неподтверждённых ФД"] == 1
    assert client.fs_info_exchange()["Количество сообщений для ОФД"] == 1
    assert client.fs_find_document_by_num(1)["Тип фискального документа"] == 1


def test_tables(desk: tuple[Simulator, Any]) -> None:
    _, client = desk
    assert client.request_table_structure(2)["Количество рядов"] == 30
    field = client.request_field_structure(2, 2)
    assert (field["Тип поля"], field["Количество байт"]) == (str, 64)
    client.write_table(2, 1, 2, "Иванова М.", str)
    assert client.read_table(2, 1, 2, str)["Значение"] == "Иванова М."
    assert client.read_table(17, 1, 17, int)["Значение"] == 4


def test_a_day_at_the_desk(desk: tuple[Simulator, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running, client = desk
    client.print_string("Доброе утро")
    client.wait_printing()
    client.open_shift()
    assert client.income(100_000)["Сквозной номер документа"] > 0

    client.open_check(0)
    client.sale(("Плёнка", 1_500, 10_000), 1, 2)  # 1.5 pieces at 100.00, tax group 2: 10 %
    client.sale(("Замена дисплея", 1_000, 5_000), 1, 4)
    # The client puts the two bytes of this count together the wrong way round; see docs/simulators.md.
    assert client.state()["Количество операций в чеке"] == 2 << 8
    client.send_tlv_struct(pyshtrih.FD({1008: "+79001234567"}).dump())
    assert closed(client, 30_000)["Сдача"] == 10_000
    assert client.fs_find_document_by_num(3)["Тип фискального документа"] == 3

    client.open_check(2)
    client.return_sale(("Плёнка", 1_000, 10_000), 1, 2)
    closed(client, 10_000)

    client.open_check(0)
    client.sale(("Ошибка", 1_000, 100), 1, 4)
    client.cancel_check()

    client.outcome(50_000)
    assert client.request_monetary_register(241)["Содержимое регистра"] == 100_000 + 20_000 - 10_000 - 50_000
    client.repeat()
    client.x_report()
    client.z_report()
    client.wait_printing()
    assert client.state()["Режим ФР"].state[0] == 4
    assert running.do("status")["fd"] == 5

    capsys.readouterr()
    assert main(["shtrih", "--state", str(tmp_path / "register.json"), "--dump"]) == 0
    documents = json.loads(capsys.readouterr().out)["documents"]
    assert [each["type"] for each in documents] == ["registration", "open_shift", "receipt", "receipt", "close_shift"]
    sale, back = documents[2]["tags"], documents[3]["tags"]
    assert (sale["1054"], sale["1020"], sale["1031"], sale["1008"]) == (1, "200.00", "200.00", "+79001234567")
    assert [(each["1030"], each["1079"], each["1023"], each["1043"], each["1199"]) for each in sale["1059"]] == [
        ("Плёнка", "100.00", "1.5", "150.00", 2),
        ("Замена дисплея", "50.00", "1", "50.00", 6),
    ]
    assert sale["1103"] == "13.64"
    assert (back["1054"], back["1020"]) == (2, "100.00")


def test_refusals_are_the_errors_that_the_client_knows(desk: tuple[Simulator, Any]) -> None:
    _, client = desk
    client.open_check(0)
    client.sale(("Товар", 1_000, 10_000), 1, 4)
    with pytest.raises(pyshtrih.CloseCheckError) as caught:
        closed(client, 9_999)
    assert caught.value.code == 0x45


def test_a_lost_reply_is_picked_up_by_the_next_enquiry(desk: tuple[Simulator, Any]) -> None:
    running, client = desk
    running.do("fault answer-lost:command=50,drop=no")
    client.timeout = 0.3
    with pytest.raises(pyshtrih.NoConnectionError):
        client.income(100_000)
    client.timeout = 10
    assert client.request_monetary_register(241)["Содержимое регистра"] == 100_000


def test_power_failure(desk: tuple[Simulator, Any]) -> None:
    running, client = desk
    client.open_check(0)
    client.sale(("Товар", 1_000, 10_000), 1, 4)
    running.do("power-off")
    with pytest.raises((OSError, termios.error)):  # the client clears the port that has vanished, unguarded
        client.state()
    running.do("power-on")
    client.connect(force=True)
    assert client.state()["Режим ФР"].state == (8, 0)
    assert closed(client, 10_000)["Сдача"] == 0
