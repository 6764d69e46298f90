"""The doctor as a whole: a healthy PC is all green, one that hangs or breaks is told, and the rest still comes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.devices.lock import device_lock
from agent.link.dial import Connection
from agent.support.doctor import CHECKS, Scene, Verdict, examine
from agent.support.doctor.bedside import ANSWERS, NO_TROUBLE, OWNERS, holder_of
from agent.support.doctor.checks.folder import is_synced
from agent.support.doctor.model import FACTS, REGISTERS, Check, Seen, good, table
from protocol.crm.codes import CODES
from tests.agent.support.doctor import terminal_cases
from tests.agent.support.doctor.clinic import KKM, Clinic, at_the_desk, finding, turned
from tests.agent.support.doctor.network_cases import a_port_where_nobody_listens, through_a_proxy
from tests.agent.support.doctor.program_cases import a_receipt_whose_answer_was_lost

NOT_RUNNING = {"agent.running": (Verdict.BAD, "not_running")}


def test_a_healthy_pc_is_all_green(admit: Callable[[bool], Clinic]) -> None:
    report = admit(True).examine()
    assert turned(report) == {}
    assert report.verdict is Verdict.OK
    assert {f.id for f in report.findings} == {check.id for check in CHECKS if check.of & REGISTERS}
    assert {f.id for f in report.findings if f.verdict is Verdict.SKIPPED} == {"device.port", "device.library"}


def test_a_pc_whose_agent_is_stopped_says_just_that(admit: Callable[[bool], Clinic]) -> None:
    report = admit(False).examine()
    assert turned(report) == NOT_RUNNING
    assert finding(report, "device.answers").facts["serial"]
    assert finding(report, "server.account").verdict is Verdict.OK


def test_whatever_the_running_agent_says_of_a_register_one_check_tells_it(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(True)
    devices = [check.id for check in CHECKS if check.each]
    for code in (*CODES, "a_code_of_tomorrow"):
        clinic.tell_trouble(code)
        found = turned(clinic.examine(*devices))
        if code in NO_TROUBLE:
            assert found == {}, code
        else:
            assert list(found) == [OWNERS.get(code, ANSWERS)], code


def test_a_report_says_which_cause_it_waits_for(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(True)
    clinic.config.unlink()
    report = clinic.examine()
    assert finding(report, "net.tls").needs == "config.file"
    assert finding(report, "net.tls").verdict is Verdict.SKIPPED


def test_a_shop_behind_a_proxy_is_healthy_and_its_password_is_not_told(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(True)
    through_a_proxy(clinic)
    report = clinic.examine()
    assert turned(report) == {}
    assert {finding(report, check).code for check in ("net.proxy", "net.name")} == {"used", "by_proxy"}
    assert "secret" not in repr(report)


def test_where_one_fault_brings_others_only_the_first_is_told(admit: Callable[[bool], Clinic]) -> None:
    """The server is away: the agent has no link, and a register that was never bound cannot be bound."""
    clinic = admit(True)
    a_port_where_nobody_listens(clinic)
    clinic.tell_link("unreachable")
    clinic.tell_register(bound=False, desk=None)
    report = clinic.examine()
    assert turned(report) == {"net.connect": (Verdict.BAD, "refused")}
    assert finding(report, "agent.session").needs == "net.connect"
    assert finding(report, "device.bound").needs == "agent.session"
    assert finding(report, "device.desk").needs == "agent.session"


def test_a_register_that_is_off_and_was_never_bound_is_off(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(True)
    clinic.tell_register(bound=False, desk=None, facts=None)
    clinic.tell_trouble("device_offline")
    assert turned(clinic.examine()) == {"device.answers": (Verdict.BAD, "device_offline")}


def test_a_register_that_fell_silent_between_jobs_is_off(admit: Callable[[bool], Clinic]) -> None:
    """What it told before is no longer how it is."""
    clinic = admit(True)
    clinic.tell_facts(answers=False, reason="device_offline", paper="absent")
    report = clinic.examine()
    assert turned(report) == {"device.answers": (Verdict.BAD, "device_offline")}
    assert finding(report, "device.paper").needs == "device.answers"


def test_a_register_that_takes_the_line_and_never_answers_is_told_before_the_check_is_given_up(
    admit: Callable[[bool], Clinic],
) -> None:
    clinic = admit(False)
    clinic.limit = 1.0
    clinic.write(address=f"{clinic.address}&fault=mute:seconds=100000")
    assert turned(clinic.examine("device.answers", "device.fn")) == {"device.answers": (Verdict.BAD, "device_offline")}


@pytest.mark.parametrize(("driver", "family"), [("atol-wire", "atol"), ("atol-web", "atol-web")])
def test_registers_of_other_makes_are_looked_at_as_well(
    admit: Callable[[bool], Clinic], driver: str, family: str
) -> None:
    clinic = admit(False)
    state = clinic.folder / f"{family}.json"
    clinic.write(driver=driver, address=f"sim:{family}?state={state}&clock={at_the_desk().isoformat()}")
    report = clinic.examine(*(check.id for check in CHECKS if check.each))
    rate = {"device.setup": (Verdict.BAD, "vat_rate_missing")} if driver == "atol-wire" else {}
    assert turned(report) == {"device.identity": (Verdict.BAD, "another_register")} | rate
    assert isinstance(finding(report, "device.fn").facts["days_left"], int)


def test_every_mistake_of_the_file_is_told_with_its_line(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(True)
    clinic.config.write_text(
        '[server]\nurl = "https://kаssa.example.ru"\n[[devices]]\nkkm_id = "17"\ndriver = "shtrih"\naddress = "COM3"\n',
        "utf-8",
    )
    told = finding(clinic.examine("config.file"), "config.file")
    assert (told.facts["lines"], told.facts["count"]) == ("2, 6", 2)
    assert "10-й знак «а» — русская буква" in told.ru


def test_a_register_described_wrongly_is_told_with_its_line(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(True)
    clinic.write(more='[[devices]]\nkkm_id = "18"\ndriver = "shtrikh"\naddress = "tcp:10.0.0.7:7778"\n')
    told = finding(clinic.examine("config.devices"), "config.devices")
    assert told.facts["problem"] == "unknown_driver"
    assert "Строка 11, касса 18" in told.ru
    assert "Line 11, register 18" in told.en


def test_a_register_that_was_busy_when_it_was_looked_at_is_no_trouble(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(True)
    clinic.tell_register(facts={"answers": False, "reason": "device_busy"})
    report = clinic.examine()
    assert turned(report) == {}
    assert finding(report, "device.paper").code == "untold"


def test_the_doctor_makes_no_folder(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(True)
    clinic.write(data_dir=str(clinic.folder / "never" / "made"))
    report = clinic.examine()
    assert finding(report, "folder.writable").verdict is Verdict.OK
    assert not (clinic.folder / "never").exists()


@pytest.mark.parametrize(
    ("name", "synced"),
    [
        ("OneDrive", True), ("OneDrive - ООО Ромашка", True), ("Dropbox (Personal)", True), ("Яндекс.Диск", True),
        ("Google Drive", True), ("MegaShop", False), ("dropboxes", False), ("KassaBridge", False), ("", False),
    ],
)  # fmt: skip
def test_synchronised_folders_are_known_by_name(name: str, synced: bool) -> None:
    assert is_synced(name) is synced


def test_the_program_that_holds_a_port_is_named(tmp_path: Path) -> None:
    port = tmp_path / "port"
    port.touch()
    holding = "import sys; held = open(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holding, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert f"({child.pid})" in (holder_of(port) or "")
        child.communicate(b"")
    assert holder_of(port) is None


def test_whoever_holds_a_register_is_not_pushed_off_the_server(admit: Callable[[bool], Clinic]) -> None:
    """A server has one connection with an agent: a greeting of the doctor's would end the running one's."""
    clinic = admit(False)
    dialled: list[str] = []

    async def dial(url: str) -> Connection:
        dialled.append(url)
        raise OSError

    clinic.set(dial=dial)
    with device_lock(clinic.data, clinic.address):
        report = clinic.examine()
    assert finding(report, "server.account").needs == "agent.running"
    assert dialled == []


def test_the_greeting_takes_no_job_and_claims_nothing(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(False)
    rig = clinic.home.rig
    before = rig.device()
    rig.submit("waits-for-the-agent")
    assert turned(clinic.examine()) == NOT_RUNNING
    assert rig.job("waits-for-the-agent")["state"] == "queued"
    after = rig.device()
    assert {name: after[name] for name in ("state", "kkm_id")} == {name: before[name] for name in ("state", "kkm_id")}
    rig.post("/jobs/waits-for-the-agent/cancel", {})
    assert rig.job("waits-for-the-agent")["state"] == "cancelled"


def test_an_old_picture_without_facts_of_registers_turns_nothing(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(True)
    clinic.tell_register(facts=None)
    report = clinic.examine()
    assert turned(report) == {}
    assert finding(report, "device.fn").code == "untold"


def _check(id_: str, look: Callable[[Scene], Seen]) -> Check:
    return Check(id_, id_, id_, table(ok=good("да", "yes")), look)


def test_a_check_that_hangs_is_given_up_and_the_report_comes(admit: Callable[[bool], Clinic]) -> None:
    released = threading.Event()

    def hangs(_: Scene) -> Seen:
        released.wait()
        return Seen()

    report = examine([_check("hangs", hangs), _check("well", lambda _: Seen())], Scene(admit(True).config), limit=0.05)
    released.set()
    assert [(f.id, f.verdict, f.code) for f in report.findings] == [
        ("hangs", Verdict.UNKNOWN, "too_long"),
        ("well", Verdict.OK, "ok"),
    ]


def test_what_hangs_is_not_waited_for_twice(admit: Callable[[bool], Clinic]) -> None:
    """The look at a device serves ten checks."""
    released = threading.Event()

    def hangs(scene: Scene) -> Seen:
        scene.memo.once("device", "first", released.wait)
        return Seen()

    report = examine([_check("first", hangs), _check("second", hangs)], Scene(admit(True).config), limit=0.05)
    released.set()
    assert [(f.code, f.needs) for f in report.findings] == [("too_long", None), ("needs", "first")]


def test_an_exception_inside_a_check_is_unknown_with_its_type(admit: Callable[[bool], Clinic]) -> None:
    def breaks(_: Scene) -> Seen:
        raise ZeroDivisionError("secret")

    report = examine([_check("breaks", breaks)], Scene(admit(True).config))
    assert (report.findings[0].verdict, report.findings[0].facts) == (Verdict.UNKNOWN, {"error": "ZeroDivisionError"})
    assert "secret" not in repr(report)


def test_facts_that_are_not_listed_do_not_leave_a_check(admit: Callable[[bool], Clinic]) -> None:
    assert "password" not in FACTS
    report = examine([_check("tells", lambda _: Seen(facts={"password": "30"}))], Scene(admit(True).config))
    assert report.findings[0].facts == {"error": "unlisted fact password"}


def test_progress_is_told_after_each_check(admit: Callable[[bool], Clinic]) -> None:
    told: list[tuple[int, int, str]] = []
    checks = [_check(name, lambda _: Seen()) for name in ("a", "b")]
    examine(checks, Scene(admit(True).config), progress=lambda done, of, f: told.append((done, of, f.id)))
    assert told == [(1, 2, "a"), (2, 2, "b")]


def test_nothing_of_the_data_folder_or_the_register_changes(admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(False)

    def content() -> dict[str, bytes]:
        left_out = ("-wal", "-shm", ".lock")
        return {
            str(p.relative_to(clinic.folder)): p.read_bytes()
            for p in clinic.folder.rglob("*")
            if p.is_file() and not p.name.endswith(left_out) and p != clinic.register
        }

    def archive() -> object:
        with clinic.memory() as state:
            return state.drive.documents, state.counters, state.tables, state.document_number

    before, documents = content(), archive()
    clinic.examine()
    assert content() == before
    assert archive() == documents


def test_every_cause_has_both_languages_and_a_next_action() -> None:
    for check in CHECKS:
        assert check.ru
        assert check.en
        for code, cause in check.causes.items():
            assert cause.ru, (check.id, code)
            assert cause.en, (check.id, code)
            if cause.verdict in (Verdict.WARNING, Verdict.BAD, Verdict.UNKNOWN):
                assert cause.do_ru, (check.id, code)
                assert cause.do_en, (check.id, code)


def test_ids_are_unique() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)


def test_a_document_that_a_job_of_ours_has_left_open_is_nobody_elses(admit: Callable[[bool], Clinic]) -> None:
    """Whoever were told that it is another program's would cancel it by hand."""
    clinic = admit(True)
    clinic.tell_facts(document_open=True)
    a_receipt_whose_answer_was_lost(clinic)
    assert turned(clinic.examine()) == {"journal.open": (Verdict.WARNING, "resolving")}


# --- card terminals -------------------------------------------------------------------------------------------------


def test_a_terminal_that_is_well_has_nothing_to_complain_about(admit: Callable[[bool], Clinic]) -> None:
    pc = admit(False)
    terminal_cases.terminal(pc)
    report = pc.examine()
    assert turned(report) == NOT_RUNNING
    ids = {found.id for found in report.findings if found.device == KKM}
    assert ids == {"terminal.answers", "terminal.identity", "terminal.ready", "device.bound"}
    assert finding(report, "terminal.answers").facts["serial"] == terminal_cases.ID
    assert finding(report, "terminal.ready").code == "ok"
