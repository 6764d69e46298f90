"""Every word of the pages that no other part says: Russian, English. What stands in braces is filled in by ``say``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agent.config import Language

WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # every page
        "at_work": ("Работа", "At work"),
        "registers": ("Кассы", "Registers"),
        "pin": ("ПИН-код управляющего", "Manager's PIN"),
        "no_link": (
            "Эта страница открывается из значка KassaBridge у часов: ссылка действует один раз и недолго.",
            "This page is opened from the KassaBridge icon beside the clock: a link is good once, and not for long.",
        ),
        "broken": (
            "В программе ошибка. Позвоните в поддержку: подробности в журнале программы.",
            "Something in the program is broken. Call support: its log says more.",
        ),
        "no_page": ("Такой страницы нет", "There is no such page"),
        "not_running": ("Программа ещё не работает с CRM", "The program does not work with the CRM yet"),
        "kkm": ("Касса {kkm_id}", "Register {kkm_id}"),
        "seconds": ("Обычно это занимает несколько секунд.", "This usually takes a few seconds."),
        # at work
        "to_decide": ("Нужно решение", "A decision is needed"),
        "decide": ("Решить…", "Decide…"),
        "nothing_to_decide": ("Решать нечего.", "Nothing has to be decided."),
        "who": ("Касса", "Register"),
        "where": ("Где подключена", "Where it is"),
        "how": ("Состояние", "State"),
        "is_ready": ("готова", "ready"),
        "is_busy": ("работает", "at work"),
        "is_unbound": ("CRM ещё не назначила эту кассу", "the CRM has not assigned it yet"),
        "is_silent": ("ещё не отвечала", "has not answered yet"),
        "without_desk": ("в CRM не привязана к рабочему месту", "stands at no desk in the CRM"),
        "pair_first": ("Подключите этот компьютер к CRM", "Connect this PC to the CRM"),
        # a bundle for support
        "bundle": ("Сведения для поддержки", "Details for support"),
        "bundle_who": ("Просит: {who}", "Asked for by: {who}"),
        "bundle_nobody": ("имя не названо", "no name given"),
        "bundle_jobs": ("О заданиях: {jobs}", "About jobs: {jobs}"),
        "bundle_look": (
            "Будет отправлено ровно это, код обращения {reference}. Любую часть можно открыть и прочесть.",
            "Exactly this would be sent, reference {reference}. Each part can be opened and read.",
        ),
        "bundle_part": ("Часть", "Part"),
        "bundle_size": ("Байт", "Bytes"),
        "bundle_what": ("Что это", "What it is"),
        "bundle_send": ("Отправить в поддержку", "Send to support"),
        "bundle_no": ("Не отправлять", "Do not send"),
        "bundle_name": ("Напишите, кто согласился отправить.", "Say who agrees to send it."),
        "bundle_going": ("Отправляется…", "Being sent…"),
        "bundle_sent": ("Отправлено.", "Sent."),
        "bundle_refused": ("Ничего не отправлено.", "Nothing was sent."),
        "bundle_over": ("Этот запрос уже закончен.", "This request is over."),
        "bundle_open": ("Посмотреть…", "Look…"),
        # the log as it is written
        "log": ("Журнал программы", "The program's log"),
        "log_asked": ("Поддержка хочет видеть журнал программы", "Support wants to watch the program's log"),
        "log_what": (
            "Если согласиться, поддержка будет 15 минут видеть новые строки журнала, такие, как ниже. Имена, суммы, "
            "телефоны, адреса и номера карт в них скрыты. Прекратить можно в любую минуту.",
            "If you agree, support sees new lines of the log for 15 minutes, such as those below. Names, sums, "
            "telephones, addresses and card numbers are hidden in them. It can be ended at any minute.",
        ),
        "log_allow": ("Показывать 15 минут", "Show it for 15 minutes"),
        "log_no": ("Не показывать", "Do not show it"),
        "log_last": ("Последние строки, как их увидит поддержка", "The last lines, as support would see them"),
        "log_empty": ("Строк ещё нет.", "There are no lines yet."),
        "log_when": ("Когда", "When"),
        "log_level": ("Важность", "Level"),
        "log_event": ("Что", "What"),
        "log_more": ("Подробности", "Details"),
        "log_seen": (
            "Поддержка видит журнал программы до {until}: {who}",
            "Support sees the program's log until {until}: {who}",
        ),
        "log_agreed": ("Согласие дал(а): {who}", "Agreed by: {who}"),
        "log_stop": ("Прекратить", "End it"),
        "log_refused": ("Поддержке отказано. Ничего не показано.", "Support was told no. Nothing was shown."),
        "log_stopped": ("Поддержка журнала больше не видит.", "Support does not see the log any more."),
        "log_over": ("Этот запрос уже закончен.", "This request is over."),
        # a decision
        "asked_for": ("Что просила CRM", "What the CRM asked for"),
        "register_shows": ("Что показывает касса", "What the register shows"),
        "shows_nothing": ("Касса ничего не показала.", "The register has shown nothing."),
        "terminal_shows": ("Что показывает терминал", "What the terminal shows"),
        "terminal_silent": ("Терминал ничего не показал.", "The terminal has shown nothing."),
        "last_before": ("Последняя операция до этой", "Its last operation before this one"),
        "last_now": ("Последняя операция сейчас", "Its last operation now"),
        "said_approved": ("Терминал сказал", "The terminal said"),
        "rrn": ("Номер ссылки (RRN)", "Reference (RRN)"),
        "card": ("Карта", "Card"),
        "outcome": ("Итог", "Outcome"),
        "outcome_approved": ("одобрено", "approved"),
        "outcome_declined": ("отказано", "declined"),
        "outcome_cancelled": ("отменено", "cancelled"),
        "outcome_reversed": ("отменено терминалом", "taken back by the terminal"),
        "went_through": ("Операция прошла", "It went through"),
        "went_not": ("Операция не прошла: CRM может послать её снова", "It did not: the CRM may send it again"),
        "kind": ("Документ", "Document"),
        "number": ("ФД", "No. (ФД)"),
        "time": ("Время", "Time"),
        "sum": ("Сумма", "Sum"),
        "total": ("Итого", "Total"),
        "paid_cash": ("Наличными", "Cash"),
        "paid_card": ("Безналичными", "Cashless"),
        "paid_prepaid": ("Предоплатой", "Prepaid"),
        "paid_credit": ("В кредит", "On credit"),
        "paid_other": ("Иной оплатой", "Otherwise"),
        "job": ("Задание", "Job"),
        "drawer_before": ("В ящике до задания", "In the drawer before the job"),
        "drawer_after": ("В ящике при последнем взгляде", "In the drawer at the last look"),
        "differences": ("Отличия", "Differences"),
        "your_decision": ("Ваше решение", "Your decision"),
        "sale_so_far": ("Что уже сделано", "What has been done"),
        "step_accepted": ("ещё не начато", "not begun"),
        "step_started": ("идёт", "under way"),
        "step_resolving": ("выясняется", "being found out"),
        "step_human": ("неизвестно", "not known"),
        "step_done": ("сделано", "done"),
        "step_not_done": ("не сделано:", "not done:"),
        "go_on_receipt_owed": ("Пробить чек ещё раз", "Try the receipt again"),
        "go_on_money_not_returned": ("Попробовать вернуть ещё раз", "Try to give it back again"),
        "go_on_maybe_charged": ("Списать с карты: списания ещё не было", "Charge the card: the terminal has not"),
        "go_on_maybe_returned": ("Вернуть: возврата ещё не было", "Give it back: the terminal has not"),
        "go_on_continue_wanted": (
            "Продолжить: покупатель здесь, списать с карты", "Go on: the customer is here, charge the card",
        ),
        "give_back": ("Вернуть деньги на карту", "Give the money back to the card"),
        "leave_owed": ("Оставить без чека: будет чек коррекции", "Leave it without a receipt, for a correction"),
        "corrected": ("Чек коррекции оформлен. Его номер ФД:", "The correction receipt is made. Its number (ФД):"),
        "it_is": ("Документ есть на бумаге. Его номер ФД:", "The document is on paper. Its number (ФД):"),
        "it_was": ("Сделано", "It was done"),
        "it_is_not": (
            "Не сделано: CRM может послать его снова", "Not done: the CRM may send it again",
        ),
        "needs_pin": ("нужен ПИН-код управляющего", "the manager's PIN is needed"),
        "reads_back": (
            "касса перечитает этот документ и сверит его", "the register reads that document back and compares it",
        ),
        "your_name": ("Кто решил", "Who has decided"),
        "your_reason": ("Почему", "Why"),
        "reason_hint": ("например: чек найден у покупателя", "for example: the customer has the receipt"),
        "only_if": ("если решение его требует", "where the decision needs it"),
        "no_choice": (
            "Здесь решить нельзя: обратитесь в поддержку.", "This cannot be decided here: call support.",
        ),
        "pick_one": ("Выберите одно из решений.", "Choose one of the decisions."),
        "send": ("Решить", "Decide"),
        "decided": ("Решение записано", "The decision is kept"),
        "decided_next": (
            "Касса сначала проверит его по своему архиву. Чек не будет напечатан второй раз, пока это не выяснено.",
            "The register compares it with its archive first. Nothing is printed again before that is settled.",
        ),
        "no_longer": (
            "Это задание уже не ждёт решения: оно выяснено.", "This job waits for no decision any more: it is settled.",
        ),
        # the PIN
        "pin_why": (
            "Нужен, чтобы признать чек несделанным: тогда его могут пробить ещё раз. Кассиру его не сообщают.",
            "Needed to call a receipt undone, because it may then be made again. A cashier is not told it.",
        ),
        "pin_old": ("Прежний ПИН-код", "The old PIN"),
        "pin_new": ("Новый ПИН-код", "The new PIN"),
        "pin_again": ("Ещё раз", "Once more"),
        "pin_set": ("Сохранить", "Keep"),
        "pin_kept": ("ПИН-код сохранён.", "The PIN is kept."),
        "pin_differs": ("Два новых ПИН-кода не совпадают.", "The two new PINs are not the same."),
        # pairing
        "pair_title": ("Подключение к CRM", "Connecting to the CRM"),
        "pair_how": (
            "В CRM откройте «Рабочие места» → «Подключить компьютер», скопируйте строку и вставьте её сюда.",
            "In the CRM open “Workplaces” → “Connect a PC”, copy the line and paste it here.",
        ),
        "pair_line": ("Строка из CRM", "The line from the CRM"),
        "pair_to": ("Подключить этот компьютер к {host}?", "Connect this PC to {host}?"),
        "pair_name": ("Имя этого компьютера в CRM", "This PC's name in the CRM"),
        "pair_send": ("Подключить", "Connect"),
        "pair_waits": ("Подключаемся…", "Connecting…"),
        "pair_failed": ("Не получилось", "That did not work"),
        "pair_done": (
            "Этот компьютер подключён к «{tenant}».", "This PC is connected to “{tenant}”.",
        ),
        "pair_next": ("Дальше: выбрать кассу", "Next: choose the register"),
        # registers
        "here": ("Подключены", "Connected"),
        "none_here": ("Здесь ещё нет ни одной кассы.", "There is no register here yet."),
        "could_be": ("Где касса может быть", "Where a register could be"),
        "silent_list": (
            "Это список портов; ни один из них не открывался.", "A list of ports; none of them was opened.",
        ),
        "search": ("Искать сейчас", "Search now"),
        "search_hint": (
            "Порты будут открыты по очереди и спрошены, кто там. Чеки не печатаются.",
            "The ports are opened one after another and asked who is there. Nothing is printed.",
        ),
        "searching": ("Ищем: {done} из {of}…", "Searching: {done} of {of} …"),
        "found": ("Найдены", "Found"),
        "found_none": ("Ни одна касса не ответила.", "No register has answered."),
        "asked_places": ("Кого спрашивали", "Who was asked"),
        "terminal_id": ("терминал {id}", "terminal {id}"),
        "serial": ("заводской № {serial}", "serial no. {serial}"),
        "fn": ("ФН {fn}", "FN {fn}"),
        "no_device_for": (
            "Для кассы {kkm_id} «{desk}» здесь нет устройства: найдите его ниже.",
            "There is no device here for register {kkm_id} “{desk}”: look for it below.",
        ),
        "by_hand": ("Вписать кассу вручную", "Write a register by hand"),
        "driver": ("Драйвер", "Driver"),
        "keep": ("Записать", "Keep"),
        "kkm_id_of": ("Её номер (KKM_ID) в CRM", "Its number (KKM_ID) in the CRM"),
        "it_is_this": ("Это она", "This is it"),
        "it_is_kkm": ("Это касса {kkm_id} «{desk}»", "This is register {kkm_id} “{desk}”"),
        "moved_here": (
            "Это касса {kkm_id}: она теперь здесь", "This is register {kkm_id}: it is here now",
        ),
        "kept": (
            "Записано. Программа начинает работать с этой кассой.",
            "Kept. The program begins to work with this register.",
        ),
    }
)  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    ru, en = WORDS[key]
    text = ru if language == "ru" else en
    return text.format(**values) if values else text
