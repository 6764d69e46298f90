"""What a person is asked to decide, in a cashier's words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agent.tray.words import SUPPORT, WORKPLACE, Words

DECISIONS: Mapping[str, Words] = MappingProxyType(
    {
        "H1": Words(
            "{what}: возможно, уже напечатан", "{what}: may already be printed",
            "Посмотрите на последний бумажный чек.", "Look at the last paper receipt.",
        ),
        "H1_cash": Words(
            "{what}: неизвестно, прошло или нет", "{what}: not known whether it went through",
            "Пересчитайте деньги в ящике.", "Count the cash in the drawer.",
        ),
        "H1_shift": Words(
            "{what}: документа об этом нет", "{what}: no document says so",
            "Посмотрите на последний отчёт кассы.", "Look at the register's last report.",
        ),
        "H2": Words(
            "Касса не отвечает ({of})", "The register does not answer ({of})",
            "Не повторяйте продажу на другой кассе.", "Do not repeat the sale on another register.",
        ),
        "H2_archive": Words(
            "Касса не отдаёт свои документы ({of})", "The register does not show its documents ({of})",
            "Не повторяйте продажу на другой кассе.", "Do not repeat the sale on another register.",
        ),
        "H3": Words(
            "В кассе другой фискальный накопитель", "Another fiscal storage is installed",
            "Прежнюю продажу должна закрыть поддержка ({of}).",
            "Support must close the previous sale ({of}).",
        ),
        "H4": Words(
            "По одной продаже два чека ({of})", "Two receipts exist for one sale ({of})",
            "Нужен чек возврата.", "A return receipt is needed.",
        ),
        "H5": Words(
            "Сумма чека не совпадает с продажей ({of})", "The receipt amount differs from the sale ({of})",
            "Нужен чек коррекции.", "A correction is needed.",
        ),
        "H6": WORKPLACE,
        "K": Words(
            "{what}: неизвестно, прошла ли", "{what}: not known whether it went through",
            "Не повторяйте! Спросите у покупателя сообщение банка или посмотрите слип.",
            "Do not repeat it! Ask the customer for the bank's message, or look at the slip.",
        ),
        "K_amount": Words(
            "{what}: терминал провёл другую сумму", "{what}: the terminal took another sum",
            "Не повторяйте! Посмотрите слип.", "Do not repeat it! Look at the slip.",
        ),
        "K_changed": Words(
            "{what}: подключён другой терминал", "{what}: another terminal is connected",
            "Верните прежний терминал: ответ знает только он.",
            "Put the former terminal back: it alone knows the answer.",
        ),
        "O": Words(
            "{what}: деньги приняты, а чека нет", "{what}: the money is taken, and there is no receipt",
            "Не отпускайте покупателя: решите, что делать.", "Keep the customer: decide what to do.",
        ),
        "O_back": Words(
            "{what}: деньги не вернулись на карту", "{what}: the money has not gone back to the card",
            "Решите, что делать.", "Decide what to do.",
        ),
        "O_maybe": Words(
            "{what}: возможно, карта уже списана", "{what}: the card may have been charged already",
            "Посмотрите операции терминала и решите.", "Look at the terminal's operations and decide.",
        ),
        "O_maybe_back": Words(
            "{what}: возможно, деньги уже вернулись", "{what}: the money may have gone back already",
            "Посмотрите операции терминала и решите.", "Look at the terminal's operations and decide.",
        ),
        "O_left": Words(
            "{what}: оставлен без чека", "{what}: left without a receipt",
            "Оформите чек коррекции и введите его номер.", "Make a correction receipt and enter its number.",
        ),
        "O_go_on": Words(
            "{what}: прервана, карту ещё не списали", "{what}: interrupted before the card was charged",
            "Продолжить или отменить?", "Go on, or call it off?",
        ),
        "moved": Words(
            "Касса перенесена с другого компьютера ({of})", "The register came from another PC ({of})",
            "Подтвердите, что старый компьютер выключен.", "Confirm that the old PC is switched off.",
        ),
        "held": Words(
            "{what}: не напечатан вовремя", "{what}: not printed in time",
            "Напечатать сейчас или отменить?", "Print it now, or cancel it?",
        ),
        "other": Words("{what}: нужно решение", "{what}: a decision is needed", *SUPPORT),
    }
)  # fmt: skip
"""What a person has to decide, by the cases of doubt as support speaks of them."""

CASE_OF: Mapping[str, str] = MappingProxyType(
    {
        "looks_alike": "H1",
        "cash_unclear": "H1_cash",
        "shift_unclear": "H1_shift",
        "device_silent": "H2",
        "archive_unreadable": "H2_archive",
        "fn_replaced": "H3",
        "two_documents": "H4",
        "content_differs": "H5",
        "payment_unclear": "K",
        "payment_amount_differs": "K_amount",
        "terminal_changed": "K_changed",
        "receipt_owed": "O",
        "money_not_returned": "O_back",
        "continue_wanted": "O_go_on",
        "maybe_charged": "O_maybe",
        "maybe_returned": "O_maybe_back",
        "left_owed": "O_left",
        "journal_lost": "H6",
        "rolled_back": "H6",
        "moved_unconfirmed": "moved",
        "moved_money": "moved",
        "lease_passed": "held",
    }
)
"""The case by the code under which a person is asked."""
