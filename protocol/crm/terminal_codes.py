"""The codes of card terminals and payments; a part of ``protocol.crm.codes.CODES``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from protocol.crm.code import Code
from protocol.crm.code import worded as _c

_LOOK_RU, _LOOK_EN = (
    "Не списывайте деньги ещё раз. Спросите у покупателя сообщение банка или посмотрите слип и примите решение.",
    "Do not charge again. Ask the customer for the bank's message or look at the slip, and decide.",
)
_WAIT_RU, _WAIT_EN = "Повторять не нужно: платёж проверяется.", "Do not repeat: the payment is being checked."
_SUPPORT_RU, _SUPPORT_EN = "Позвоните в поддержку банка.", "Call the bank's support."

TERMINAL_CODES: Mapping[str, Code] = MappingProxyType({
    # the terminal
    "terminal_offline": _c("Терминал не отвечает.", "The terminal does not answer.",
        "Проверьте питание и кабель терминала.", "Check the terminal's power and cable."),
    "terminal_busy": _c("Терминал занят другой операцией.", "The terminal is busy with another operation.",
        "Дождитесь конца операции.", "Wait until it has ended."),
    "terminal_port_busy": _c("Порт терминала занят другой программой.", "Another program holds the terminal's port.",
        "Закройте другую программу.", "Close the other program."),
    "terminal_program_missing": _c("Программа банка для терминала не найдена.",
        "The bank's program for the terminal was not found.",
        "Установите её и проверьте адрес в config.toml.", "Install it, and check the address in config.toml."),
    "terminal_program_failed": _c("Программа банка для терминала не работает.",
        "The bank's program for the terminal does not work.", "Переустановите её.", "Install it again."),
    "terminal_changed": _c("Отвечает другой терминал.", "Another terminal answers.",
        "Проверьте, какой терминал подключён.", "Check which terminal is connected."),
    "terminal_no_reply": _c("Терминал не ответил вовремя.", "The terminal did not answer in time.",
        _WAIT_RU, _WAIT_EN, safe=False),
    "terminal_link_lost": _c("Связь с терминалом оборвалась.", "The connection to the terminal broke.",
        _WAIT_RU, _WAIT_EN, safe=False),
    "terminal_bad_reply": _c("Терминал ответил непонятно.", "The terminal's answer makes no sense.",
        _WAIT_RU, _WAIT_EN, safe=False),
    "terminal_not_ready": _c("Терминал не готов.", "The terminal is not ready.",
        "Посмотрите на экран терминала.", "Look at the terminal's screen."),
    "terminal_setup": _c("Терминал не настроен.", "The terminal is not set up.", _SUPPORT_RU, _SUPPORT_EN),
    "terminal_settlement_needed": _c("Терминал требует сверки итогов.", "The terminal asks for a settlement.",
        "Сделайте сверку итогов.", "Make a settlement."),
    "terminal_card_inside": _c("В терминале осталась карта.", "A card is still in the terminal.",
        "Достаньте карту.", "Take the card out."),
    "terminal_refused": _c("Терминал отказал в операции, она не начиналась.",
        "The terminal refused; the operation was not begun.", "Посмотрите на экран терминала.",
        "Look at the terminal's screen."),
    "terminal_unsupported": _c("Терминал этого не умеет.", "The terminal cannot do this.",
        "Сделайте это на самом терминале.", "Do it at the terminal itself."),
    "terminal_needs_original": _c("Не хватает данных исходного платежа.",
        "Data of the original payment are missing.", "Укажите номер ссылки (RRN) со слипа.",
        "Give the reference number (RRN) from the slip."),
    "abort_unsupported": _c("Этот терминал нельзя остановить с компьютера.",
        "This terminal cannot be stopped from the PC.", "Нажмите красную кнопку на терминале.",
        "Press the red key on the terminal."),
    # what became of a payment
    "payment_declined": _c("Банк отказал в оплате.", "The bank declined.", "Предложите другую карту или наличные.",
        "Offer another card, or cash."),
    "payment_cancelled": _c("Оплата отменена на терминале.", "The payment was cancelled at the terminal.",
        "Можно отправить снова.", "It may be sent again."),
    "payment_no_card": _c("Карту не поднесли вовремя.", "No card was presented in time.",
        "Можно отправить снова.", "It may be sent again."),
    "payment_no_bank": _c("У терминала нет связи с банком.", "The terminal does not reach the bank.",
        "Проверьте интернет терминала.", "Check the terminal's internet."),
    "payment_reversed": _c("Терминал сам отменил эту оплату.", "The terminal took this payment back by itself.",
        "Деньги не списаны. Можно отправить снова.", "Nothing is charged. It may be sent again."),
    "payment_not_charged": _c("Проверено: деньги не списаны.", "Proven: nothing was charged.",
        "Можно отправить снова.", "It may be sent again."),
    "payment_in_doubt": _c("Проверяется, списаны ли деньги.", "Whether the money was taken is being checked.",
        _WAIT_RU, _WAIT_EN, safe=False),
    "payment_unclear": _c("По записям терминала не понять, списаны ли деньги.",
        "The terminal's records do not tell whether the money was taken.", _LOOK_RU, _LOOK_EN, safe=False),
    "payment_amount_differs": _c("Терминал списал другую сумму.", "The terminal has taken another amount.",
        _LOOK_RU, _LOOK_EN, safe=False),
    "payment_nothing_to_reverse": _c("Терминалу нечего отменять.", "The terminal has nothing to take back.",
        "Посмотрите отчёт терминала.", "Look at the terminal's report."),
    "payment_already_reversed": _c("Эта операция уже отменена.", "This operation has been taken back already.",
        "Ничего делать не нужно.", "Nothing has to be done."),
    "payment_day_closed": _c("День терминала закрыт: отмена невозможна.",
        "The terminal's day is closed: there is no void any more.", "Сделайте возврат.", "Make a refund."),
    "settlement_declined": _c("Сверка итогов не прошла.", "The settlement did not succeed.",
        "Посмотрите на экран терминала и повторите.", "Look at the terminal's screen and repeat it."),
    "settlement_unknown": _c("Ответ терминала на сверку итогов потерян: прошла ли она, неизвестно.",
        "The terminal's answer to the settlement was lost: whether it was made is not known.",
        "Посмотрите отчёт терминала и, если нужно, отправьте новую сверку.",
        "Look at the terminal's report and, if it is needed, post a new settlement."),
    "totals_differ": _c("Итоги терминала и банка не совпали.", "The terminal's totals and the bank's differ.",
        _SUPPORT_RU, _SUPPORT_EN, safe=False),
    # what the customer or the cashier has to do now: progress, never an end
    "connecting": _c("Связь с терминалом.", "Contacting the terminal.", _WAIT_RU, _WAIT_EN),
    "present_card": _c("Терминал ждёт карту.", "The terminal waits for a card.",
        "Приложите или вставьте карту.", "Present or insert the card."),
    "enter_pin": _c("Терминал ждёт ПИН.", "The terminal waits for the PIN.",
        "Покупатель вводит ПИН на терминале.", "The customer enters the PIN at the terminal."),
    "online": _c("Терминал спрашивает банк.", "The terminal is asking the bank.", _WAIT_RU, _WAIT_EN),
    "remove_card": _c("Карта ещё в терминале.", "The card is still in the terminal.",
        "Заберите карту.", "Remove the card."),
    "scan_qr": _c("Терминал показывает QR-код.", "The terminal shows a QR code.",
        "Покупатель сканирует код телефоном.", "The customer scans it with a phone."),
    "reversing": _c("Терминал отменяет операцию.", "The terminal is reversing the operation.", _WAIT_RU, _WAIT_EN),
    "aborting": _c("Терминал просят прекратить оплату.", "The terminal is being asked to stop the payment.",
        "Что он ответит, станет известно через несколько секунд.", "What it answers is known in a few seconds."),
})  # fmt: skip
