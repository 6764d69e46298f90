"""The cashier's page: what it asks for is what the register's archive and the bank's book hold."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.site import Visit
from tests.browser.world import World

PATIENCE = 60_000
Opens = Callable[..., Visit]


def fills(page: Page, *lines: tuple[str, str, str]) -> None:
    for at, (name, price, quantity) in enumerate(lines):
        if at:
            page.get_by_role("button", name="Ещё строка").click()
        row = page.locator(".item").nth(at)
        row.get_by_label("Название").fill(name)
        row.get_by_label("Цена").fill(price)
        row.get_by_label("Кол-во").fill(quantity)


def ends(page: Page, state: str = "done") -> None:
    expect(page.locator(f"[data-state={state}]")).to_be_visible(timeout=PATIENCE)


def receipts(world: World) -> list[str]:
    return [one["tags"]["1020"] for one in world.register.documents() if one["type"] == "receipt"]


def test_a_receipt_in_cash_with_its_change_and_its_picture(world: World, opened: Opens) -> None:
    visit = opened(world.site, "cashier")
    page = visit.go("/console/till")
    fills(page, ("Кабель", "199,90", "3"), ("Работа", "1 000", "1,5"))
    page.get_by_label("Получено наличными").fill("2500")
    expect(page.locator("#total")).to_have_text("2\u00a0099,70\u00a0₽")
    expect(page.locator("#change")).to_contain_text("400,30")
    page.get_by_role("button", name="Пробить чек").click()
    refused = page.locator("#refusal")
    ends_or_refused = page.locator("[data-state=done], #refusal .bad")
    expect(ends_or_refused.first).to_be_visible(timeout=PATIENCE)
    assert "единиц" in refused.inner_text() or "количеств" in refused.inner_text(), "one and a half pieces are refused"
    page.locator(".item").nth(1).get_by_label("Кол-во").fill("1")
    page.get_by_role("button", name="Пробить чек").click()
    ends(page)
    assert "1599.70" in receipts(world)
    expect(page.locator("#now .big")).to_contain_text("900,30")
    picture = page.locator("img.receipt")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth > 100)")
    expect(page.locator("#total")).to_contain_text("0,00")


def test_a_sale_by_card_shows_its_steps_as_they_happen(world: World, opened: Opens) -> None:
    visit = opened(world.site, "cashier")
    page = visit.go("/console/till")
    fills(page, ("Ремонт", "777.00", "1"))
    page.get_by_label("Картой").check()
    page.get_by_role("button", name="Пробить чек").click()
    steps = page.locator("#now ol li")
    expect(steps.nth(0)).to_contain_text("Оплата картой: принято ПК", timeout=PATIENCE)
    expect(steps.nth(0)).to_contain_text("Оплата картой: сделано", timeout=PATIENCE)
    ends(page)
    expect(steps.nth(1)).to_contain_text("Чек: сделано")
    assert "777.00" in receipts(world)
    assert "777.00" in world.terminal.standing()
    assert visit.wrong == []


def test_a_lost_answer_is_asked_for_again_and_makes_one_receipt(world: World, opened: Opens) -> None:
    visit = opened(world.site, "cashier")
    page = visit.go("/console/till")
    lost = []

    def loses(route: Route) -> None:
        if lost or route.request.method != "POST":
            route.continue_()
            return
        lost.append(route.fetch())  # the server has it; the page never hears
        route.abort()

    page.route("**/api/v1/jobs", loses)
    fills(page, ("Чехол", "333.00", "1"))
    page.get_by_role("button", name="Пробить чек").click()
    ends(page)
    assert len(lost) == 1
    assert receipts(world).count("333.00") == 1


def test_a_return_is_filled_in_from_its_receipt(world: World, opened: Opens) -> None:
    visit = opened(world.site, "cashier")
    sold = world.sells("Стекло", "555.00")
    page = visit.go(f"/console/jobs/{sold}")
    page.get_by_role("link", name="Возврат по этому чеку").click()
    expect(page.locator("#total")).to_contain_text("555,00")
    page.get_by_role("button", name="Пробить возврат").click()
    ends(page)
    made = [one["tags"] for one in world.register.documents() if one["type"] == "receipt"][-1]
    assert (made["1054"], made["1020"]) == (2, "555.00")


def test_a_sale_by_card_is_given_back_at_the_terminal(world: World, opened: Opens) -> None:
    visit = opened(world.site, "cashier")
    sold = world.pays("888.00")
    page = visit.go(f"/console/till?return={sold}")
    page.get_by_role("button", name="Пробить возврат").click()
    ends(page)
    assert [one["kind"] for one in world.terminal.charges() if one["amount"] == "888.00"] == ["payment", "refund"]


def test_shift_report_and_cash(world: World, opened: Opens) -> None:
    visit = opened(world.site, "cashier")
    page = visit.go("/console/till")
    page.get_by_label("Сумма", exact=True).fill("150")
    page.get_by_role("button", name="Внести").click()
    ends(page)
    page.get_by_role("button", name="X-отчёт").click()
    expect(page.locator("#now pre")).to_contain_text('"cash_in": "150.00"', timeout=PATIENCE)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Закрыть смену").click()
    expect(page.locator("img.receipt")).to_be_visible(timeout=PATIENCE)
    assert world.register.kinds()[-1] == "close_shift"
    page.get_by_role("button", name="Открыть смену").click()
    world.shop.rig.until(lambda: world.register.kinds()[-1] == "open_shift", 60, "opened")
    assert visit.wrong == []


def test_what_the_server_refuses_is_said_in_words_at_the_form(world: World, opened: Opens) -> None:
    page = opened(world.site, "cashier").go("/console/till")
    fills(page, ("Товар 漢", "1", "1"))
    page.get_by_role("button", name="Пробить чек").click()
    expect(page.locator("#refusal")).to_contain_text("items[0].name")
    page.locator(".item").nth(0).get_by_label("Название").fill("")
    page.get_by_role("button", name="Пробить чек").click()
    expect(page.locator("#refusal")).to_contain_text("Заполните название и цену")
