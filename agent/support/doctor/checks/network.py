"""The way to the server, and whether it is the server that it should be."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

from agent.support.doctor import route
from agent.support.doctor.model import Check, NotLooked, Seen, bad, good, table, unknown, warning
from agent.support.doctor.scene import Scene

CERTIFICATE_SOON = timedelta(days=14)
SKEW_SEEN = 60  # seconds by which the PC's clock may differ
SKEW_BAD = 600


def _proxy(scene: Scene) -> Seen:
    found = route.step(scene, "net.proxy", route.proxy)
    if isinstance(found, Seen):
        return found
    return Seen() if found is None else Seen("used", {"proxy": str(found)})


_PROXY_DO = (
    "Исправьте прокси в настройках сети Windows или в переменной HTTPS_PROXY.",
    "Mend the proxy in the system's network settings or in HTTPS_PROXY.",
)
PROXY = Check(
    "net.proxy",
    "прокси",
    "the proxy",
    table(
        ok=good("Прокси на пути к серверу нет.", "There is no proxy on the way to the server."),
        used=good("Прокси {proxy} отвечает.", "The proxy {proxy} answers."),
        bad_proxy=bad("Адрес прокси записан неверно.", "The proxy's address is not well formed.", *_PROXY_DO),
        proxy_unreachable=bad(
            "Прокси {proxy} недоступен ({error}).", "The proxy {proxy} cannot be reached ({error}).", *_PROXY_DO
        ),
    ),
    _proxy,
)


def _name(scene: Scene) -> Seen:
    found = route.step(scene, "net.name", route.name)
    if isinstance(found, Seen):
        return found
    return Seen("ok" if found else "by_proxy", {"host": route.place_of(scene).host})


NAME = Check(
    "net.name",
    "имя сервера (DNS)",
    "the server's name (DNS)",
    table(
        ok=good("Имя {host} находится.", "The name {host} is found."),
        by_proxy=good("Имя {host} ищет прокси.", "The proxy looks for {host}."),
        name_not_found=bad(
            "Имя сервера {host} не находится.",
            "The server's name {host} is not found.",
            "Проверьте интернет на этом ПК: откройте любой сайт в браузере. Если сайты открываются, сверьте имя с CRM.",
            "Check this PC's internet: open any site in a browser. If sites open, compare the name with the CRM.",
        ),
    ),
    _name,
)


def _connect(scene: Scene) -> Seen:
    found = route.step(scene, "net.connect", route.connection)
    place = route.place_of(scene)
    return found if isinstance(found, Seen) else Seen(facts={"host": place.host, "port": place.port})


_FIREWALL = (
    "Разрешите программе исходящие соединения на порт {port} в брандмауэре и у провайдера.",
    "Allow outgoing connections to port {port} in the firewall and at the provider.",
)
CONNECT = Check(
    "net.connect",
    "соединение с сервером",
    "the connection to the server",
    table(
        ok=good("Порт {port} сервера {host} принимает соединения.", "Port {port} of {host} takes connections."),
        refused=bad(
            "Сервер {host} не принимает соединений на порту {port}.",
            "{host} takes no connections at port {port}.",
            "Сверьте адрес и порт сервера с CRM; если верны, сообщите поддержке сервера.",
            "Compare the server's address and port with the CRM; if they are right, tell the server's support.",
        ),
        no_reply=bad(
            "Сервер {host}:{port} не отвечает на соединение.", "{host}:{port} does not answer a connection.", *_FIREWALL
        ),
        unreachable=bad(
            "До сервера {host}:{port} нет пути ({error}).", "There is no way to {host}:{port} ({error}).", *_FIREWALL
        ),
    ),
    _connect,
)


def _tls(scene: Scene) -> Seen:
    found = route.step(scene, "net.tls", route.encryption)
    if isinstance(found, Seen):
        return found
    host = route.place_of(scene).host
    if found is None:
        return Seen("this_pc", {"host": host})
    left = found.until - scene.world.now()
    facts = {"host": host, "until": found.until.date().isoformat(), "issuer": found.issuer}
    return Seen("expires_soon" if left < CERTIFICATE_SOON else "ok", facts)


_DATE = ("Проверьте дату и время на этом ПК.", "Check this PC's date and time.")
_FILTER = (
    "Если интернет идёт через антивирус или фильтр, отключите в нём проверку HTTPS для {host} или добавьте его "
    "сертификат в систему.",
    "If an antivirus or filter stands between, switch off its HTTPS inspection for {host}, or add its certificate to "
    "the system.",
)
_SERVER_DO = (
    "Сообщите поддержке сервера: сертификат {host} нужно заменить.",
    "Tell the server's support: the certificate of {host} has to be replaced.",
)
TLS = Check(
    "net.tls",
    "сертификат сервера",
    "the server's certificate",
    table(
        ok=good("Сертификат {host} годен до {until}.", "The certificate of {host} is good until {until}."),
        this_pc=good("Сервер на этом же ПК, без шифрования.", "The server is this very PC, without encryption."),
        expires_soon=warning(
            "Сертификат {host} истекает {until}.", "The certificate of {host} ends on {until}.", *_SERVER_DO
        ),
        expired=bad(
            "Сертификат сервера {host} просрочен, или дата на этом ПК неверна.",
            "The certificate of {host} has expired, or this PC's date is wrong.",
            *_DATE,
        ),
        not_yet_valid=bad(
            "Сертификат сервера {host} ещё не действует: дата на этом ПК неверна.",
            "The certificate of {host} is not valid yet: this PC's date is wrong.",
            *_DATE,
        ),
        self_signed=bad(
            "Сертификат {host} подписан им самим.", "The certificate of {host} is signed by itself.", *_FILTER
        ),
        unknown_issuer=bad(
            "Сертификат {host} выдал центр, которого этот ПК не знает.",
            "The certificate of {host} comes from an authority that this PC does not know.",
            *_FILTER,
        ),
        wrong_name=bad(
            "По адресу {host} отвечает другой сервер: имя в его сертификате не то.",
            "Another server answers at {host}: its certificate has another name.",
            "Сверьте адрес сервера с CRM.",
            "Compare the server's address with the CRM.",
        ),
        bad_certificate=bad(
            "Сертификат {host} не годится ({detail}).", "The certificate of {host} is not good ({detail}).", *_SERVER_DO
        ),
        no_tls=bad(
            "С сервером {host} не удалось установить шифрование ({error}).",
            "No encrypted connection to {host} ({error}).",
            "Сверьте адрес и порт сервера с CRM.",
            "Compare the server's address and port with the CRM.",
        ),
        cut=bad(
            "Соединение с {host} обрывается, когда начинается шифрование ({error}).",
            "The connection to {host} is cut when encryption begins ({error}).",
            *_FILTER,
        ),
    ),
    _tls,
)


def _answers(scene: Scene) -> Seen:
    found = route.step(scene, "server.answers", route.answer)
    return found if isinstance(found, Seen) else Seen(facts={"host": route.place_of(scene).host})


ANSWERS = Check(
    "server.answers",
    "ответ сервера",
    "the server's answer",
    table(
        ok=good("Сервер KassaBridge на {host} отвечает.", "The KassaBridge server at {host} answers."),
        not_ours=bad(
            "По адресу {host} отвечает не сервер KassaBridge (HTTP {status}).",
            "What answers at {host} is no KassaBridge server (HTTP {status}).",
            "Сверьте адрес сервера с CRM: возьмите строку сопряжения ещё раз.",
            "Compare the server's address with the CRM: take the pairing line once more.",
        ),
        failing=bad(
            "Сервер {host} неисправен (HTTP {status}).",
            "The server {host} fails (HTTP {status}).",
            "Сообщите поддержке сервера.",
            "Tell the server's support.",
        ),
        proxy_login=bad(
            "Прокси требует имя и пароль.",
            "The proxy asks for a name and password.",
            "Попросите администратора сети пропускать {host} без входа.",
            "Ask the network's administrator to let {host} pass without a login.",
        ),
        cut=bad(
            "Сервер {host} обрывает соединение, не ответив ({error}).",
            "{host} cuts the connection without an answer ({error}).",
            "Сверьте адрес и порт сервера с CRM; если верны, сообщите поддержке сервера.",
            "Compare the server's address and port with the CRM; if they are right, tell the server's support.",
        ),
    ),
    _answers,
)


def _clock(scene: Scene) -> Seen:
    found = route.step(scene, "server.answers", route.answer)
    if isinstance(found, Seen):
        raise NotLooked("server.answers")
    try:
        date = parsedate_to_datetime(found.date or "")
        skew = round((found.at - date).total_seconds())
    except (TypeError, ValueError):
        return Seen("no_date")
    off = abs(skew)
    return Seen("clock_wrong" if off > SKEW_BAD else "clock_off" if off > SKEW_SEEN else "ok", {"skew_s": skew})


_SET = (
    "Включите на этом ПК установку времени по интернету.",
    "Switch on internet time on this PC.",
)
CLOCK = Check(
    "server.clock",
    "часы этого ПК",
    "this PC's clock",
    table(
        ok=good("Часы ПК идут как у сервера ({skew_s} с).", "The PC's clock agrees with the server's ({skew_s} s)."),
        clock_off=warning(
            "Часы ПК расходятся с сервером на {skew_s} с.", "The PC's clock is off by {skew_s} s.", *_SET
        ),
        clock_wrong=bad("Часы ПК неверны: {skew_s} с от сервера.", "The PC's clock is wrong by {skew_s} s.", *_SET),
        no_date=unknown(
            "Сервер не сказал, который час.",
            "The server did not tell the time.",
            "Сравните часы ПК с точным временем сами.",
            "Compare the PC's clock with the right time yourself.",
        ),
    ),
    _clock,
)
