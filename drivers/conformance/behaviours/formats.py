"""Formats: requisites go where the register's own format has a place for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.conformance.bench import Setting
from drivers.conformance.catalogue import Able, Behaviour, behaviour
from drivers.conformance.samples import NEWEST, RICH
from drivers.conformance.stage import Stage

OLDER = ((Setting.FFD_105, "1.05"), (Setting.FFD_11, "1.1"))


def _common(tags: Mapping[str, Any]) -> None:
    """What stands at the same place in every format."""
    assert (tags["1192"], tags["1187"]) == ("A5", "Доставка")
    served = tags["1059"][0]
    assert served["1226"].strip() == "500100732259"
    assert served["1224"]["1225"] == "ООО Поставщик"
    assert "+79007654321" in str(served["1224"]["1171"])
    assert (served["1222"], served["1191"], served["1231"]) == (64, "сорт 1", "10702020/060520/0013422")
    assert served["1230"].strip() == "643"
    assert tags["1059"][1]["1229"] == "15.00"


def _older(setting: Setting, ffd: str) -> Behaviour:
    @behaviour(f"format.{ffd}", f"format {ffd}: the buyer in 1227 and 1228, the unit as a word", setting)
    def older(stage: Stage) -> None:
        stage.at_work()
        tags = stage.sell(RICH)["tags"]
        _common(tags)
        assert (tags["1227"], tags["1228"].strip()) == ("Петров П. П.", "500100732259")
        assert [line["1197"] for line in tags["1059"]] == ["шт", "м"]
        assert not {"1256", "1260", "1261", "1270"} & (set(tags) | set(tags["1059"][0]))

    return older


FORMATS = tuple(_older(setting, ffd) for setting, ffd in OLDER)


@behaviour("format.1.2", "format 1.2: the buyer in 1256, the unit by number", Setting.FFD_12, Able.FFD_12)
def newest(stage: Stage) -> None:
    stage.at_work()
    tags = stage.sell(RICH)["tags"]
    _common(tags)
    assert (tags["1256"]["1227"], tags["1256"]["1228"].strip()) == ("Петров П. П.", "500100732259")
    assert [line["2108"] for line in tags["1059"]] == [0, 22]


@behaviour("format.1.2-only", "format 1.2: the whole buyer, industry and operation requisites", Setting.FFD_12,
           Able.FFD_12)  # fmt: skip
def only_newest(stage: Stage) -> None:
    stage.at_work()
    tags = stage.sell(NEWEST)["tags"]
    buyer = {"1243": "01.02.1990", "1244": "643", "1245": "21", "1246": "4500 123456", "1254": "Москва"}
    assert {tag: str(tags["1256"][tag]).strip() for tag in buyer} == buyer
    industry = {"1262": "030", "1263": "01.01.2026", "1264": "123", "1265": "значение"}
    for found in (tags["1261"], tags["1059"][0]["1260"]):
        assert {tag: _first(found)[tag] for tag in industry} == industry
    assert (tags["1270"]["1271"], tags["1270"]["1272"]) == (1, "данные")


def _first(found: Any) -> Mapping[str, Any]:
    """A structure that may repeat stands in a list."""
    structure: Mapping[str, Any] = found[0] if isinstance(found, list) else found
    return structure
