"""What each form asks for happens, in the name of whoever has sent it; what is refused is said at the form."""

from __future__ import annotations

import re

import httpx
import pytest

from protocol.crm.jobs import imprint_of
from protocol.crm.messages import Archive, ArchiveEntry, JournalHead
from protocol.crm.support import Bundle, Doctor, Report, ReportState
from server.services.roles import Role
from tests.server.conftest import PASSWORD, Bench
from tests.server.console.conftest import Console, text_of
from tests.server.player import claim_code, greet, new_key, register
from tests.server.steps import post
from tests.server.test_support import FINDINGS


def goes(answer: httpx.Response) -> str:
    """Where a form that was followed leads."""
    assert answer.status_code == 303, text_of(answer)[:500]
    return answer.headers["location"]


async def shown(console: Console, path: str, who: str = "owner") -> str:
    return text_of(await console.get(who, path))


# --- the directory ----------------------------------------------------------------------------------------------------


async def test_a_register_and_its_desk(console: Console) -> None:
    assert goes(await console.send("owner", "/console/directory/devices", kkm_id="21")) == "/console/devices/21"
    form = {"desk_id": "yard", "name": "Во дворе", "kkm_id": "21", "timezone": "Asia/Omsk", "held_hours": "5"}
    rules = {"exclusive": "yes", "imprint": "no", "open": "manual", "close_expired": "auto", "before_24h": "auto"}
    answer = await console.send("manager", "/console/desks", **form, **rules, close_at="22:30", settle="auto")
    assert goes(answer) == "/console/directory"
    desks = (await console.bench.api.get("/desks")).json()["desks"]
    desk = next(desk for desk in desks if desk["desk_id"] == "yard")
    assert (desk["timezone"], desk["held_hours"], desk["exclusive"], desk["imprint"]) == ("Asia/Omsk", 5, True, False)
    assert desk["shift_policy"] == {
        "open": "manual",
        "close_expired": "auto",
        "close_at": "22:30",
        "before_24h": "auto",
    }
    page = await console.get("owner", "/console/desks/yard")
    assert 'value="Asia/Omsk"' in page.text
    again = await console.send("owner", "/console/desks", **(form | {"timezone": "Moscow/Europe"}), **rules)
    assert (again.status_code, 'value="Moscow/Europe"' in again.text) == (422, True)


async def test_a_device_is_renamed_given_to_a_pc_and_released(console: Console) -> None:
    await console.send("owner", "/console/devices/18", name="Новое имя", agent_id=console.given["agent_id"])
    device = await console.bench.device("18")
    assert (device["name"], device["agent_id"], device["state"]) == ("Новое имя", console.given["agent_id"], "assigned")
    assert goes(await console.send("owner", "/console/devices/17/release")) == "/console/devices/17"
    assert (await console.bench.device("17"))["state"] == "releasing"
    answer = await console.send("owner", "/console/devices/18/release")
    assert (answer.status_code, 'role="alert"' in answer.text) == (409, True)


async def test_a_move_needs_a_pc_that_there_is(console: Console) -> None:
    answer = await console.send("owner", "/console/devices/17/move", to="ag_none", old_pc_off="yes")
    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)


# --- pairing and first steps ------------------------------------------------------------------------------------------


async def test_a_pc_is_paired_by_its_name(console: Console) -> None:
    path = goes(await console.send("manager", "/console/pairing", name="У входа"))
    code = path.rsplit("/", 1)[1]
    page = await shown(console, path)
    assert f"/pair/{code}" in page
    early = await console.send("manager", f"{path}/confirm")
    assert early.status_code == 409
    assert (await claim_code(console.bench.api, code, new_key(), "another")).status_code == 202
    assert "Это ваш компьютер? КАССА-1" in await shown(console, path)
    goes(await console.send("manager", f"{path}/confirm"))
    assert "подключён" in await shown(console, path)


async def test_a_line_whose_time_is_over_says_so(console: Console) -> None:
    await console.bench.later(601)
    assert "Эта строка больше не действует." in await shown(console, f"/console/pairing/{console.given['code']}")


async def test_an_empty_account_begins_with_its_first_steps(bench: Bench) -> None:
    owner = await bench.person(bench.api, Role.OWNER)
    begin = await owner.get(f"{bench.url}/console")
    assert begin.headers["location"] == "/console/first-steps"
    token = owner.headers["X-CSRF-Token"]
    asked = {"_csrf": token, "kkm_id": "17", "name": "У входа"}
    assert goes(await owner.post(f"{bench.url}/console/first-steps/register", data=asked)) == "/console/first-steps"
    steps = await owner.get(f"{bench.url}/console/first-steps")
    assert [one == "good" for one in re.findall(r'<li class="(good|now|)">', steps.text)] == [
        True, False, False, True, True, False,
    ]  # fmt: skip
    assert (await owner.get(f"{bench.url}/console")).headers["location"] == "/console/overview"


# --- PCs --------------------------------------------------------------------------------------------------------------


async def test_the_doctor_is_asked_and_its_report_read(bench: Bench) -> None:
    player, line = await bench.bound()
    await post(bench)
    await line.accept()
    support = await bench.person(bench.api, Role.SUPPORT)
    token, url = support.headers["X-CSRF-Token"], f"{bench.url}/console/pcs/{player.agent_id}"
    assert goes(await support.post(f"{url}/doctor", data={"_csrf": token})) == f"/console/pcs/{player.agent_id}"
    doctor = await line.expect(Doctor)
    assert doctor.person == "support Иванова"
    await line.send(Report(request_id=doctor.request_id, state=ReportState.DONE, findings=FINDINGS))
    await line.nothing_more()
    for language, words in (("ru", "Не запущен. Запустите."), ("en", "It is not running. Start it.")):
        assert words in text_of(await support.get(url, headers={"Accept-Language": language}))
    asks = {"_csrf": token, "reason": "Не печатается чек", "job": "j1"}
    goes(await support.post(f"{url}/bundle", data=asks))
    bundle = await line.expect(Bundle)
    assert (bundle.reason, bundle.jobs) == ("Не печатается чек", ["j1"])
    without = await support.post(f"{url}/bundle", data={"_csrf": token, "reason": " "})
    assert (without.status_code, 'aria-invalid="true"' in without.text) == (422, True)
    await line.close()


async def test_a_quarantine_is_read_and_lifted(bench: Bench) -> None:
    """Case H6: the archive stands beside the jobs."""
    player, line = await bench.bound()
    await post(bench)
    await line.accept()
    player.write(10, "ten")
    await line.beat()
    await line.close()
    player.journal, player.head = {0: "", 7: "seven"}, JournalHead(n=7, hash="seven")
    line = await greet(player, register(binding_epoch=1), jobs={"j1": 1})
    told = ArchiveEntry(
        fd=6, kind="receipt", at="2026-03-01T12:00:00", total="10.00", imprint=imprint_of(player.tenant_id, "j1")
    )
    await line.send(Archive(kkm_id="17", register_serial="0001", fn_serial="9999", last_fd=6, documents=[told]))
    await line.nothing_more()
    manager = await bench.person(bench.api, Role.MANAGER)
    decisions = text_of(await manager.get(f"{bench.url}/console/decisions"))
    assert "Компьютеры в карантине H6" in decisions
    url = f"{bench.url}/console/pcs/{player.agent_id}"
    assert "сервер не знает, что он есть" in text_of(await manager.get(url))
    said = {"_csrf": manager.headers["X-CSRF-Token"], "confirmed": "сверил архив"}
    goes(await manager.post(f"{url}/confirm", data=said))
    agent = (await bench.api.get("/agents")).json()["agents"][0]
    assert (agent["state"], agent["confirmed_by"]) == ("active", "manager Иванова")
    await line.close()


# --- people, keys, webhooks -------------------------------------------------------------------------------------------


async def test_somebody_is_invited_given_a_role_and_dismissed(console: Console) -> None:
    page = await console.send("owner", "/console/people", name="Пётр", login="petr", role="cashier")
    assert page.status_code == 201
    found = re.search(r"/invite/([A-Z0-9]+)", page.text)
    assert found is not None
    stranger = console.bench.browser()
    url = f"{console.bench.url}/invite/{found[1]}"
    assert "Пётр" in text_of(await stranger.get(url))
    differs = await stranger.post(url, data={"password": PASSWORD, "again": "something else"})
    assert (differs.status_code, "Два пароля не совпадают." in differs.text) == (422, True)
    assert goes(await stranger.post(url, data={"password": PASSWORD, "again": PASSWORD})) == "/console"
    users = (await console.people["owner"].get("/users")).json()["users"]
    user_id = next(user["user_id"] for user in users if user["login"] == "petr")
    goes(await console.send("owner", f"/console/people/{user_id}", role="manager"))
    assert (await stranger.get(f"{console.bench.url}/console/pairing")).status_code == 200
    goes(await console.send("owner", f"/console/people/{user_id}", dismissed="yes"))
    assert goes(await stranger.get(f"{console.bench.url}/console/jobs")).startswith("/console/sign-in")
    used = await console.bench.browser().get(url)
    assert used.status_code == 404


async def test_the_last_owner_stays(console: Console) -> None:
    users = (await console.people["owner"].get("/users")).json()["users"]
    owner = next(user["user_id"] for user in users if user["role"] == "owner" and user["active"])
    answer = await console.send("owner", f"/console/people/{owner}", dismissed="yes")
    assert (answer.status_code, 'role="alert"' in answer.text) == (409, True)


async def test_a_key_is_made_and_revoked(console: Console) -> None:
    page = await console.send("owner", "/console/keys", name="касса", scopes="read")
    found = re.search(r"kb_[0-9a-f]+", page.text)
    assert found is not None
    key = console.bench.client(f"Bearer {found[0]}")
    assert (await key.get("/jobs")).status_code == 200
    none = await console.send("owner", "/console/keys", name="без прав")
    assert (none.status_code, 'class="wrong"' in none.text) == (422, True)
    keys = (await console.people["owner"].get("/api-keys")).json()["api_keys"]
    key_id = next(key["key_id"] for key in keys if key["name"] == "касса")
    goes(await console.send("owner", f"/console/keys/{key_id}/revoke"))
    assert (await key.get("/jobs")).status_code == 401
    assert "key.revoked" not in await shown(console, "/console/audit"), "said in words"
    assert "Ключ API: отозвано" in await shown(console, "/console/audit?subject_kind=key")


async def test_a_webhook_is_made_tried_switched_off_and_deleted(console: Console) -> None:
    page = await console.send("manager", "/console/webhooks", url="http://127.0.0.1:9/new", types="job.done job.human")
    assert "whsec_" in page.text
    hooks = (await console.bench.api.get("/webhooks")).json()["webhooks"]
    path = "/console/webhooks/" + next(hook["webhook_id"] for hook in hooks if hook["url"].endswith("/new"))
    goes(await console.send("manager", f"{path}/test"))
    assert "webhook.test" in await shown(console, path)
    goes(await console.send("manager", f"{path}/enabled", enabled="no"))
    assert "выключен" in await shown(console, path)
    goes(await console.send("manager", f"{path}/delete"))
    assert (await console.get("owner", path)).status_code == 404
    wrong = await console.send("manager", "/console/webhooks", url="ftp://x", types="job.nothing")
    assert (wrong.status_code, 'aria-invalid="true"' in wrong.text) == (422, True)


# --- the own account, jobs --------------------------------------------------------------------------------------------


async def test_a_new_password_ends_the_other_sessions(console: Console) -> None:
    new = "другой длинный пароль"
    wrong = await console.send("cashier", "/console/account/password", old="не тот", new=new, again=new)
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (422, True)
    answer = await console.send("cashier", "/console/account/password", old=PASSWORD, new=new, again=new)
    assert goes(answer) == "/console/account?said=password"
    assert "Пароль изменён" in await shown(console, "/console/account?said=password", "cashier")


async def test_signing_out_ends_the_session(console: Console) -> None:
    assert goes(await console.send("cashier", "/console/sign-out")) == "/console/sign-in"
    assert goes(await console.get("cashier", "/console/jobs")).startswith("/console/sign-in")


async def test_a_job_that_waits_is_given_time_and_cancelled(console: Console) -> None:
    goes(await console.send("cashier", "/console/jobs/waiting/renew", lease_no="1"))
    assert (await console.bench.state("waiting"))["lease_no"] == 2
    stale = await console.send("cashier", "/console/jobs/waiting/renew", lease_no="7")
    assert (stale.status_code, 'role="alert"' in stale.text) == (409, True)
    goes(await console.send("cashier", "/console/jobs/waiting/cancel"))
    told = await console.bench.state("waiting")
    assert told["state"] == "cancelled" or told["cancel_pending"]


async def test_what_support_proposes_somebody_else_confirms(console: Console) -> None:
    said = {"choice": "done must", "fd": "41", "reason": "лента", "rev": "2"}
    assert goes(await console.send("support", "/console/decisions/doubt", **said)).endswith("said=proposal")
    page = await console.get("manager", "/console/decisions/doubt")
    assert "support Иванова" in text_of(page)
    found = re.search(r"/proposals/([a-z0-9_]+)/confirm", page.text)
    assert found is not None
    own = await console.send("support", f"/console/decisions/doubt/proposals/{found[1]}/confirm")
    assert own.status_code == 403
    path = f"/console/decisions/doubt/proposals/{found[1]}/confirm"
    assert goes(await console.send("manager", path)).endswith("said=decision")
    assert "Решение уже отправлено на ПК" in await shown(console, "/console/decisions/doubt")


@pytest.mark.parametrize("query", ["?state=nothing", "?kind=&kkm_id=%3C%3E", "?day=yesterday", "?job_id=%2F%2Fevil"])
async def test_filters_that_make_no_sense_show_everything(console: Console, query: str) -> None:
    page = await console.get("owner", f"/console/jobs{query}")
    if "job_id" in query:
        assert goes(page) == "/console/jobs"
    else:
        assert page.status_code == 200
        assert "waiting" in page.text
