"""The codes of sales; a part of ``protocol.crm.codes.CODES``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from protocol.crm.code import Code
from protocol.crm.code import worded as _c

SALE_CODES: Mapping[str, Code] = MappingProxyType({
    "receipt_owed": _c("Деньги приняты или возвращены, а чека нет.", "Money was moved, and there is no receipt.",
        "Выберите: пробить чек ещё раз, вернуть деньги или оставить для чека коррекции.",
        "Choose: try the receipt again, give the money back, or leave it for a correction receipt.", safe=False),
    "money_not_returned": _c("Вернуть деньги на карту не удалось.", "The money could not be given back to the card.",
        "Попробуйте вернуть ещё раз или оставьте для разбора.", "Try again, or leave it to be settled by hand.",
        safe=False),
    "continue_wanted": _c("Программа запускалась заново: следующее списание ждёт решения.",
        "The program was restarted: the next charge waits for a decision.",
        "Убедитесь, что покупатель ещё здесь, и продолжите или верните деньги.",
        "See that the customer is still there, and continue or give the money back.", safe=False),
    "maybe_charged": _c("Данные программы восстановлены из копии: возможно, эта карта уже списана.",
        "The program's data were restored from a copy: this card may have been charged already.",
        "Посмотрите операции терминала. Списывайте, только если этого списания там нет; иначе оставьте без чека.",
        "Look at the terminal's operations. Charge it only if that is not among them; otherwise leave it owed.",
        safe=False),
    "maybe_returned": _c("Данные программы восстановлены из копии: возможно, деньги на карту уже вернули.",
        "The program's data were restored from a copy: the money may have gone back to the card already.",
        "Посмотрите операции терминала. Возвращайте, только если этого возврата там нет; иначе оставьте без чека.",
        "Look at the terminal's operations. Give it back only if that is not among them; otherwise leave it owed.",
        safe=False),
    "left_owed": _c("Чек оставлен для коррекции.", "The receipt was left for a correction.",
        "Оформите чек коррекции и введите его номер (ФД).", "Make a correction receipt, and enter its number (FD).",
        safe=False),
    "sale_given_back": _c("Продажу отменили, деньги возвращены.", "The sale was called off and the money given back.",
        "Ничего делать не нужно.", "Nothing needs to be done."),
    "desk_without_terminal": _c("За этой кассой не закреплён терминал.", "This desk has no terminal.",
        "Закрепите терминал за кассой.", "Assign a terminal to the desk."),
    "devices_on_two_pcs": _c("Касса и терминал стоят на разных ПК.", "Register and terminal stand at two PCs.",
        "Подключите их к одному ПК.", "Connect both to one PC."),
    "moved_money": _c("Перенесено с другого ПК: списана ли там карта, неизвестно.",
        "Moved from another PC: whether the card was charged there is not known.",
        "Посмотрите операции терминала. Это задание не повторяется: отмените его, а нужное отправьте заново.",
        "Look at the terminal's operations. This job is not repeated: cancel it, and post anew what is needed.",
        safe=False),
})  # fmt: skip
"""``sale_given_back`` is the reason of a sale that ended; what it says of the money is proven by its steps."""
