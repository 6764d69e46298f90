"""What leaves the PC is what is listed, and none of the secrets that were planted in everything it is made from."""

from __future__ import annotations

import io
import json
import sqlite3
import types
import typing
import zipfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import BaseModel

from agent import config as config_module
from agent.config import Config, load_config
from agent.identity import Identity, save_identity
from agent.local import workbench
from agent.problems import UserError
from agent.support.bundle.archive import to_zip, write_zip
from agent.support.bundle.collect import Bundle, Request, collect, new_reference
from agent.support.logfile import FOLDER, NAME, LogFile, last_lines
from agent.support.trace.record import Header, Record
from agent.support.trace.ring import FOLDER as TRACES
from agent.support.trace.ring import folder_of
from agent.support.trace.sources import trace_of_file
from protocol.crm.jobs import JobKind
from tests.agent.support.cards import FORMS, card_number, is_left
from tests.support.journals import sql

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAYLOAD: dict[str, Any] = {
    "type": "sell", "taxation": "osn",
    "cashier": {"name": "Kanarejka Cashier", "inn": "500100732259"},
    "buyer": {"contact": "kanarejka-buyer@example.ru"},
    "items": [{"name": "Дисплей 4276380012345679", "price": "100.00", "quantity": "1", "vat": "none",
               "payment_method": "full_payment", "payment_object": "service", "unit": "piece"}],
    "payments": [{"type": "cash", "amount": "100.00"}], "print": True,
}  # fmt: skip


class Canaries:
    """Secrets, each different, each to be found again by its song."""

    SONG = "kanarejka"

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, name: str) -> str:
        self.count += 1
        return f"{self.SONG}-{self.count}-{name}"


def sings(data: bytes) -> bool:
    song = Canaries.SONG.encode()
    lowered = data.lower()
    return song in lowered or song.hex().encode() in lowered


# --- a shop ----------------------------------------------------------------------------------------------------------


def planted(model: type[BaseModel], canary: Canaries, folder: Path, name: str = "") -> Any:
    """A document of this model with a canary in every text that it takes; new keys are found by themselves."""
    values: dict[str, Any] = {}
    for key, field in model.model_fields.items():
        kind = field.annotation
        inner = [one for one in typing.get_args(kind) if one is not type(None)]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            values[key] = planted(kind, canary, folder, key)
        elif typing.get_origin(kind) is list:
            values[key] = [planted(inner[0], canary, folder, key)]
        elif kind is str or (typing.get_origin(kind) is types.UnionType and str in inner):
            values[key] = text_for(key, canary(key), folder)
        elif typing.get_origin(kind) is dict:
            values[key] = {canary(key): canary(key)}
    return values


def text_for(key: str, secret: str, folder: Path) -> str:
    forms = {
        "url": f"https://{secret}.example.ru",
        "data_dir": str(folder / secret),
        "address": f"tcp:{secret}.example.ru:7778?connect_time=5",
    }
    return forms.get(key, secret)


def toml(document: dict[str, Any]) -> str:
    lines: list[str] = []
    for table, content in document.items():
        for each in content if isinstance(content, list) else [content]:
            lines.append(f"[[{table}]]" if isinstance(content, list) else f"[{table}]")
            lines += [f"{key} = '{value}'" for key, value in each.items()]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Shop:
    config: Config
    canaries: int

    @property
    def data(self) -> Path:
        return self.config.data_dir

    def bundle(self, **more: Any) -> Bundle:
        return collect(Request(self.data, self.config, **more), "KB-2222-3333", NOW)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A PC where a receipt was made, with secrets in its configuration, identity, payloads, outcomes and logs."""
    folder, canary = tmp_path_factory.mktemp("shop"), Canaries()
    file = folder / "config.toml"
    file.write_text(toml(planted(config_module._File, canary, folder)), encoding="utf-8")
    config = load_config(file)
    save_identity(config.data_dir, Identity(**planted(Identity, canary, folder)))
    with workbench(config, "shtrih", f"sim:shtrih?state={folder / 'register.json'}&print-time=0") as bench:
        bench.run(JobKind.OPEN_SHIFT, "shift-1", {"cashier": PAYLOAD["cashier"]})
        assert bench.run(JobKind.RECEIPT, "order-1", PAYLOAD)["state"] == "done"
    plant_outcome(config.journal_path, canary)
    log = LogFile(config.data_dir)
    log.keep(
        {
            "event": "device_not_ready",
            "level": "warning",
            "timestamp": NOW.isoformat(),
            "job_id": "order-1",
            "kkm_id": canary("kkm"),
            "code": "device_offline",
            "vendor": "4F",
            "detail": canary("detail"),
        }
    )
    log.keep({name: canary(name) for name in ("event", "code", "vendor", "error", "token", "path", "raised", "state")})
    with (config.data_dir / FOLDER / NAME).open("ab") as lines:
        lines.write(f"not json {canary('line')}\n".encode())
    return Shop(config, canary.count)


def plant_outcome(journal: Path, canary: Canaries) -> None:
    """A job that a person decided, with a canary in every text of its row but the ids by which it is known."""
    (text,) = sql(journal, "SELECT row FROM jobs WHERE job_id = 'order-1'")[0]
    row = json.loads(text)
    row["job_id"], row["seq"], row["state"] = "order-2", 99, "human"
    row["outcome"]["reason"] = {"code": "device_silent", "detail": "", "text": ""}
    row["outcome"]["evidence"] = {"case": "", "archive": [{"contact": ""}]}
    row["outcome"]["proof"] |= {
        "person": "",
        "person_reason": "",
        "differs": [{"tag": 1008, "asked": "", "stands": ""}],
    }
    keep = {"job_id", "kkm_id", "state", "case", "tag", "seq", "code"}
    with sqlite3.connect(journal) as db:
        db.execute(
            "INSERT INTO jobs VALUES ('order-2', ?, 'human', 99, 'X', 0, ?)",
            (row["kkm_id"], json.dumps(sung(row, canary, keep))),
        )
    db.close()


def sung(value: Any, canary: Canaries, keep: set[str], name: str = "") -> Any:
    match value:
        case dict():
            return {key: sung(each, canary, keep, key) for key, each in value.items()}
        case list():
            return [sung(each, canary, keep, name) for each in value]
        case str() if name not in keep:
            return canary(name)
        case _:
            return value


# --- canaries --------------------------------------------------------------------------------------------------------


def everything_on_disk(shop: Shop) -> bytes:
    paths = [shop.config.path, *(path for path in shop.data.rglob("*") if path.is_file())]
    return b"".join(path.read_bytes() for path in paths)


def test_no_canary_survives(shop: Shop) -> None:
    assert shop.canaries > 50
    assert sings(everything_on_disk(shop)), "they are there"
    report = {
        "verdict": "bad",
        "checks": [{"id": "x", "verdict": "bad", "cause": "kanarejka", "facts": {"host": "kanarejka"}}],
    }
    bundle = shop.bundle(doctor=report)
    assert {"doctor.json", "log.jsonl", "journal.json", "config.json", "identity.json"} <= {
        e.name for e in bundle.entries
    }
    for entry in bundle.entries:
        assert not sings(entry.content), entry.name
        assert not sings(entry.name.encode())


def test_nor_does_a_buyer_or_a_card_in_the_traces(shop: Shop, tmp_path: Path) -> None:
    bundle = shop.bundle(jobs=frozenset({"order-1"}))
    traces = [entry for entry in bundle.entries if entry.name.startswith("traces/")]
    assert traces
    for entry in traces:
        path = tmp_path / "trace.jsonl"
        path.write_bytes(entry.content)
        trace = trace_of_file(path)
        data = b"".join(record.data for record in trace.records)
        assert "CloseReceipt" in {record.command for record in trace.records if record.job == "order-1"}
        assert "Дисплей 427638".encode("cp1251") in data, "what was sold can be read"
        assert not sings(data)
        assert not is_left("4276380012345679", data + entry.content)


def test_no_card_number_survives_in_a_log(tmp_path: Path) -> None:
    log, random = LogFile(tmp_path), Random("log")
    pans = [(card_number(random), form) for form in FORMS.values() for _ in range(20)]
    for pan, form in pans:
        log.keep({"event": "slip", "text": form(pan, random), "raw": {"slip": [form(pan, random)]}})
    lines = last_lines(tmp_path, 10_000)
    assert len(lines) == len(pans)
    assert not any(is_left(pan, line) for (pan, _), line in zip(pans, lines, strict=True))


def test_the_logs_are_bounded(tmp_path: Path) -> None:
    log = LogFile(tmp_path, most=2_000)
    for number in range(200):
        log.keep({"event": "tick", "number": number})
    assert sum(path.stat().st_size for path in (tmp_path / FOLDER).iterdir()) <= 4_000
    assert json.loads(last_lines(tmp_path, 1)[0])["number"] == 199


# --- what is in it ---------------------------------------------------------------------------------------------------


def document(bundle: Bundle, name: str) -> Any:
    content = bundle.content(name)
    assert content is not None, name
    return json.loads(content)


def test_a_job_is_told_with_its_proof_and_records(shop: Shop) -> None:
    journal = document(shop.bundle(), "journal.json")
    jobs = {job["job_id"]: job for job in journal["jobs"]}
    assert set(jobs) == {"shift-1", "order-1", "order-2"}
    done = jobs["order-1"]
    assert (done["state"], done["attempt"], done["proof"]["total"], done["proof"]["source"]) == (
        "done",
        1,
        "100.00",
        "device",
    )
    assert done["proof"]["fn"].startswith("9999")
    assert len(done["proof"]["registration_number"]) == 16
    assert [record["kind"] for record in done["records"]] == ["job"] * len(done["records"])
    assert jobs["order-2"]["reason"] == {"code": "device_silent", "vendor": None}
    assert journal["chain"]["ok"] is True


def test_the_log_tells_what_happened(shop: Shop) -> None:
    content = shop.bundle().content("log.jsonl")
    assert content is not None
    first = json.loads(content.splitlines()[0])
    assert (first["event"], first["code"], first["vendor"], first["job_id"]) == (
        "device_not_ready", "device_offline", "4F", "order-1",
    )  # fmt: skip
    assert "detail" not in first


def test_the_doctors_report_is_told_by_codes(shop: Shop) -> None:
    check = {
        "id": "disk.space",
        "verdict": "bad",
        "code": "disk_low",
        "cause": "…",
        "facts": {"free": 12, "path": "C:\\x"},
    }
    told = document(shop.bundle(doctor={"verdict": "bad", "checks": [check]}), "doctor.json")
    assert told["checks"][0]["facts"] == {"free": 12, "path": "***"}
    assert (told["checks"][0]["id"], told["checks"][0]["code"]) == ("disk.space", "disk_low")


def test_the_preview_is_the_zip_to_the_byte(shop: Shop, tmp_path: Path) -> None:
    bundle = shop.bundle()
    path = tmp_path / "out.zip"
    assert write_zip(bundle, path) == path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [entry["name"] for entry in bundle.listing()]
        for entry in bundle.listing():
            content = archive.read(entry["name"])
            assert len(content) == entry["size"]
            assert content == bundle.content(entry["name"])
            assert entry["title"]
            assert entry["title_en"]
    assert list(tmp_path.iterdir()) == [path]
    assert to_zip(bundle) == to_zip(shop.bundle())


def test_the_manifest_names_everything(shop: Shop) -> None:
    bundle = shop.bundle()
    manifest = document(bundle, "manifest.json")
    assert manifest["reference"] == "KB-2222-3333"
    assert [one["name"] for one in manifest["files"]] == [entry.name for entry in bundle.entries[1:]]
    assert document(bundle, "versions.json")["journal_schema"]


@pytest.fixture
def with_sale(shop: Shop, tmp_path: Path) -> Shop:
    """The same PC, where a sale was made, too: its parts stand in the journal and in the devices' traces."""
    config = replace(shop.config, data_dir=tmp_path)
    with sqlite3.connect(shop.config.journal_path) as old, sqlite3.connect(config.journal_path) as db:
        old.backup(db)
        (text,) = db.execute("SELECT row FROM jobs WHERE job_id = 'order-1'").fetchone()
        parts = (
            ("sale-1", "not_done"),
            ("sale-1/payment1", "done"),
            ("sale-1/receipt1", "not_done"),
            ("sale-10", "done"),
        )
        for seq, (job, state) in enumerate(parts, 200):
            row = json.dumps(json.loads(text) | {"job_id": job, "state": state, "seq": seq})
            db.execute("INSERT INTO jobs VALUES (?, '17', ?, ?, ?, 1, ?)", (job, state, seq, job, row))
    for kkm_id, jobs in (("17", ("sale-1/receipt1", "sale-10")), ("t17", ("sale-1/payment1",))):
        header = Header(kkm_id, "shtrih", "tcp:10.0.0.7:7778", "k", NOW.isoformat(), 1.0).to_line()
        lines = [Record(NOW.isoformat(), float(n), "tx", b"\x02", "Status", job=jobs[n // 100]).to_line()
                 for n in range(100 * len(jobs))]  # fmt: skip
        folder = folder_of(tmp_path / TRACES, kkm_id)
        folder.mkdir(parents=True)
        (folder / "20261122T120000-000.jsonl").write_bytes(header + b"".join(lines))
    return Shop(config, shop.canaries)


def spoken(bundle: Bundle) -> Counter[str]:
    """How many records of each job."""
    traces = [entry.content for entry in bundle.entries if entry.name.startswith("traces/")]
    return Counter(json.loads(line).get("job", "") for content in traces for line in content.splitlines()[1:])


def test_of_a_sale_the_exchange_of_its_parts_is_told(with_sale: Shop) -> None:
    """Its parts have names of their own: by the sale's name alone not a record was found."""
    bundle = with_sale.bundle(jobs=frozenset({"sale-1"}))
    assert document(bundle, "manifest.json")["jobs"] == ["sale-1"]
    found = spoken(bundle)
    assert (found["sale-1/payment1"], found["sale-1/receipt1"]) == (100, 100)
    assert found["sale-10"] == 40, "the records around, and no more"
    told = {job["job_id"] for job in document(bundle, "journal.json")["jobs"]}
    assert {"sale-1", "sale-1/payment1", "sale-1/receipt1"} <= told


def test_a_sale_that_was_not_done_is_told_with_the_part_that_was(with_sale: Shop) -> None:
    bundle = with_sale.bundle()
    assert document(bundle, "manifest.json")["jobs"] == ["order-2", "sale-1"]
    assert spoken(bundle)["sale-1/payment1"] == 100


def test_a_job_that_this_pc_does_not_know_is_not_named(with_sale: Shop) -> None:
    assert document(with_sale.bundle(jobs=frozenset({"kanarejka"})), "manifest.json")["jobs"] == []


def test_a_reference_can_be_read_out_over_the_telephone() -> None:
    random = Random(1)
    references = {new_reference(random.choice) for _ in range(500)}
    assert len(references) == 500
    assert all(len(one) == 12 and not set(one[3:]) & set("01OIL") for one in references)


# --- where things are broken -----------------------------------------------------------------------------------------


def copied(shop: Shop, folder: Path) -> Path:
    """The journal alone, as it is on disk."""
    path = folder / "journal.sqlite3"
    with sqlite3.connect(shop.config.journal_path) as db, sqlite3.connect(path) as copy:
        db.backup(copy)
    db.close()
    copy.close()
    return path


@pytest.mark.parametrize("damage", ["head", "middle", "cut", "empty", "no tables", "bad row", "changed", "folder"])
def test_a_damaged_journal_gives_a_bundle_that_says_so(shop: Shop, tmp_path: Path, damage: str) -> None:
    path = copied(shop, tmp_path)
    whole = path.read_bytes()
    match damage:
        case "head":
            path.write_bytes(b"\xff" * 100 + whole[100:])
        case "middle":
            path.write_bytes(whole[:4096] + bytes(b ^ 0x5A for b in whole[4096:]))
        case "cut":
            path.write_bytes(whole[: len(whole) // 3])
        case "empty":
            path.write_bytes(b"")
        case "no tables":
            sql(path, "DROP TABLE jobs")
        case "bad row":
            sql(path, "UPDATE jobs SET row = '{' WHERE job_id = 'order-1'")
        case "changed":
            sql(path, "UPDATE journal SET kind = 'note' WHERE n = 3")
        case "folder":
            path.unlink()
            path.mkdir()
    bundle = collect(Request(tmp_path, shop.config), "KB-2222-3333", NOW)
    journal = document(bundle, "journal.json")
    told = journal.get("error") or journal.get("unreadable") or journal["chain"]["problem"]
    assert told, damage
    assert to_zip(bundle)


def test_no_journal_no_identity_no_config(tmp_path: Path) -> None:
    missing = UserError("no_config", "нет", "none")
    bundle = collect(Request(tmp_path / "none", missing), "KB-2222-3333", NOW)
    assert document(bundle, "config.json")["error"] == "no_config"
    assert document(bundle, "identity.json") == {"error": "not_paired"}
    assert document(bundle, "journal.json") == {"error": "no_journal"}
    assert not (tmp_path / "none").exists()


def test_a_bad_configuration_is_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[server]\nurl = 'kanarejka'\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_config(path)
    bundle = collect(Request(tmp_path, caught.value), "KB-2222-3333", NOW)
    assert document(bundle, "config.json")["problems"] == [{"line": 2, "column": None}]
    assert not any(sings(entry.content) for entry in bundle.entries)


def test_a_bundle_is_made_beside_a_journal_in_use(shop: Shop) -> None:
    with sqlite3.connect(shop.config.journal_path) as busy:
        busy.execute("BEGIN IMMEDIATE")
        assert document(shop.bundle(), "journal.json")["jobs"]
        busy.rollback()
    busy.close()


def test_a_zip_that_cannot_be_written_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_zip(shop.bundle(), tmp_path / "none" / "out.zip")
    assert list(tmp_path.iterdir()) == []
    assert zipfile.is_zipfile(io.BytesIO(to_zip(shop.bundle())))
