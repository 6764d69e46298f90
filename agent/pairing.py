"""Pairing this PC with an account by the one line that the CRM shows: ``https://<server>/pair/<CODE>``.

The agent makes its key, claims the code with the public half, and asks (signed, every ``poll_s`` seconds) until the
owner has looked at the PC's name and confirmed. The key is on disk before the code is used up, so that the same line
may be tried again after a crash or a lost connection.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent import keys
from agent.config import is_loopback
from agent.identity import Identity, identity_path, save_identity
from agent.link.dial import check_link_url
from agent.private_file import write_private
from agent.problems import UserError, name_cyrillic
from agent.sealing import NotOpened, system_sealer
from protocol.crm.codes import reason
from protocol.crm.messages import ServerKey
from protocol.crm.signing import signed_bytes

PENDING = "pairing.json"
REQUEST_TIMEOUT = 15.0
POLL = 5.0  # seconds between two questions, unless the server says otherwise
FIRST_POLL = 1.0
WAIT_AT_MOST = 900.0  # seconds for the owner's confirmation; a code lives 10 minutes
MAX_ANSWER = 64 * 1024
_CODE = re.compile(r"[A-Za-z0-9-]{8,64}")


@dataclass(frozen=True, slots=True)
class PairingLine:
    server_url: str
    code: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]
    retry_after: float | None = None


class Http(Protocol):
    def __call__(self, method: str, url: str, body: Mapping[str, Any] | None) -> Answer: ...


Say = Callable[[str, str], None]
"""A sentence of progress, in Russian and English."""


def parse_line(line: str) -> PairingLine:
    """The server and the code of a pairing line. Raises ``UserError`` (``bad_pairing_line``) naming the mistake."""
    line = line.strip().strip("<>\"'«»“”")
    shape_ru, shape_en = "https://<сервер>/pair/<КОД>", "https://<server>/pair/<CODE>"
    if cyrillic := name_cyrillic(line):
        raise _bad_line(
            f"В строке сопряжения «{line}» {cyrillic[0]}. Скопируйте строку из CRM, а не набирайте её.",
            f"In the pairing line “{line}” {cyrillic[1]}. Copy the line from the CRM instead of typing it.",
        )
    try:
        parts = urlsplit(line)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        raise _bad_line(
            f"Строка сопряжения «{line}» не похожа на {shape_ru}. Скопируйте её из CRM целиком.",
            f"The pairing line “{line}” is not like {shape_en}. Copy it from the CRM as a whole.",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise _bad_line(
            f"Строка сопряжения «{line}» без шифрования: нужно https://. "
            "http:// годится только для сервера на этом же ПК.",
            f"The pairing line “{line}” is not encrypted: https:// is needed. "
            "http:// will do only for a server on this very PC.",
        )
    prefix, found, code = parts.path.rstrip("/").rpartition("/pair/")
    if not found or not code:
        raise _bad_line(
            f"В строке «{line}» нет кода сопряжения. Нужна строка вида {shape_ru}.",
            f"The line “{line}” has no pairing code. It should be like {shape_en}.",
        )
    if not _CODE.fullmatch(code):
        raise _bad_line(
            f"Код сопряжения «{code}» неполный или с лишними знаками. Скопируйте строку из CRM ещё раз.",
            f"The pairing code “{code}” is cut short or has stray characters. Copy the line from the CRM again.",
        )
    return PairingLine(f"{parts.scheme}://{parts.netloc}{prefix}", code)


def _bad_line(ru: str, en: str) -> UserError:
    return UserError("bad_pairing_line", ru, en)


class _Result(BaseModel):
    """What the server says of a claim. Fields we do not know are of no concern here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    status: str
    claim_id: str | None = None
    poll_s: float | None = Field(default=None, ge=0.0, le=60.0)
    agent_id: str | None = None
    tenant_id: str | None = None
    tenant: str | None = None
    keys: list[ServerKey] = []
    link_url: str | None = None


class _Pending(BaseModel):
    """A claim that has begun: the key that the code is bound to."""

    server_url: str
    code: str
    private_key: str
    install_id: str


def pair(
    line: str,
    data_dir: Path,
    *,
    version: str,
    say: Say,
    pc_name: str | None = None,
    http: Http | None = None,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Identity:
    """Pair, store the identity in ``data_dir`` and return it. Raises ``UserError``; nothing is stored then, and the
    same line may be tried again as long as its code lives."""
    where = parse_line(line)
    if identity_path(data_dir).exists():
        raise UserError(
            "already_paired",
            f"Этот ПК уже сопряжён ({identity_path(data_dir)}). Чтобы сопрячь его заново, переименуйте этот файл.",
            f"This PC is paired already ({identity_path(data_dir)}). To pair it anew, rename that file.",
            exit_code=1,
        )
    http = http or UrllibHttp()
    pending = _begin(where, data_dir)
    identity = _claim(where, pending, pc_name or socket.gethostname() or "PC", version, say, http, sleep, monotonic)
    save_identity(data_dir, identity)
    with contextlib.suppress(FileNotFoundError):
        (data_dir / PENDING).unlink()
    return identity


def _begin(where: PairingLine, data_dir: Path) -> _Pending:
    """The file is sealed as a whole where the system can do that: its key may become this PC's."""
    path, sealer = data_dir / PENDING, system_sealer(data_dir)
    try:
        kept = path.read_bytes()
        pending = _Pending.model_validate_json(sealer.open(kept) if sealer is not None else kept)
        if (pending.server_url, pending.code) == (where.server_url, where.code):
            return pending
    except (FileNotFoundError, ValidationError, NotOpened):
        pass
    except OSError as error:
        raise _no_folder(data_dir, error) from None
    pending = _Pending(
        server_url=where.server_url, code=where.code, private_key=keys.new_private_key(), install_id=uuid.uuid4().hex
    )
    try:
        content = pending.model_dump_json().encode("utf-8")
        write_private(path, sealer.seal(content) if sealer is not None else content)
    except OSError as error:
        raise _no_folder(data_dir, error) from None
    return pending


def _no_folder(data_dir: Path, error: OSError) -> UserError:
    return UserError(
        "data_dir_unwritable",
        f"В папку данных {data_dir} нельзя писать: {error.strerror}. Дайте права или укажите data_dir в [agent].",
        f"The data folder {data_dir} cannot be written: {error.strerror}. Grant access or set data_dir under [agent].",
    )


def _claim(
    where: PairingLine,
    pending: _Pending,
    pc_name: str,
    version: str,
    say: Say,
    http: Http,
    sleep: Callable[[float], None],
    monotonic: Callable[[], float],
) -> Identity:
    body = {
        "code": where.code,
        "public_key": keys.public_key_of(pending.private_key),
        "install_id": pending.install_id,
        "pc_name": pc_name,
        "version": version,
    }
    host = urlsplit(where.server_url).netloc
    say(f"Связываюсь с {host}…", f"Contacting {host} …")
    result = _result(where, http("POST", f"{where.server_url}/api/v1/pair", body))
    claim_id = result.claim_id
    if claim_id is None:
        raise _not_our_server(where)
    say(
        f"Код принят. Подтвердите ПК «{pc_name}» в CRM (ждёт владелец учётной записи)…",
        f"The code is good. Waiting for the account's owner to confirm the PC “{pc_name}” in the CRM …",
    )
    poll_s, deadline, troubled = result.poll_s or POLL, monotonic() + WAIT_AT_MOST, False
    wait = min(FIRST_POLL, poll_s)
    while result.status != "paired":
        if result.status == "refused":
            raise UserError(
                "pair_refused",
                f"В сопряжении ПК «{pc_name}» отказано: владелец не подтвердил его, или код устарел. "
                "Возьмите в CRM новую строку.",
                f"The PC “{pc_name}” was not accepted: the owner did not confirm it, or the code has expired. "
                "Take a new line from the CRM.",
                exit_code=1,
            )
        if monotonic() >= deadline:
            raise UserError(
                "pair_not_confirmed",
                "Владелец не подтвердил сопряжение вовремя. Возьмите в CRM новую строку и повторите.",
                "The owner did not confirm in time. Take a new line from the CRM and try again.",
                exit_code=1,
            )
        sleep(wait)
        wait = poll_s
        try:
            answer = http("POST", f"{where.server_url}/api/v1/pair/{quote(claim_id)}", _proof(claim_id, pending))
        except UserError as error:
            if not troubled:
                say(f"{error.ru} Пробую дальше…", f"{error.en} Trying on …")
            troubled = True
            continue
        if answer.status == 429:
            # "slow_down": this fast is too fast from now on.
            wait = poll_s = max(poll_s + POLL, answer.retry_after or 0.0)
            continue
        if answer.status >= 500:
            continue
        result = _result(where, answer)
        wait = poll_s = max(poll_s, result.poll_s or 0.0)
    return _identity(where, pending, result)


def _proof(claim_id: str, pending: _Pending) -> dict[str, str]:
    """That the asker holds the key that claimed the code."""
    return {"sig": keys.sign(pending.private_key, signed_bytes("pair", {"claim_id": claim_id}))}


def _identity(where: PairingLine, pending: _Pending, result: _Result) -> Identity:
    if result.agent_id is None or not result.tenant_id or not result.link_url or not result.keys:
        raise _not_our_server(where)
    check_link_url(result.link_url)
    return Identity(
        agent_id=result.agent_id,
        install_id=pending.install_id,
        tenant_id=result.tenant_id,
        tenant=result.tenant or "",
        server_url=where.server_url,
        link_url=result.link_url,
        private_key=pending.private_key,
        server_keys={key.kid: key.key for key in result.keys},
    )


# --- the server's answers -------------------------------------------------------------------------------------------


def _result(where: PairingLine, answer: Answer) -> _Result:
    if answer.status in (200, 201, 202):
        try:
            return _Result.model_validate(answer.body)
        except ValidationError:
            raise _not_our_server(where) from None
    code = answer.body.get("code")
    if not isinstance(code, str):
        raise _not_our_server(where)
    host = urlsplit(where.server_url).netloc
    ru, en = reason(code, language="ru"), reason(code, language="en")
    fields = "; ".join(str(one.get("text")) for one in answer.body.get("errors") or [] if isinstance(one, dict))
    raise UserError(
        code,
        f"Сервер {host}: {ru.text} {fields} {ru.advice}".replace("  ", " ").rstrip(),
        f"The server {host}: {en.text} {en.advice}".rstrip(),
        exit_code=1,
    )


def _not_our_server(where: PairingLine) -> UserError:
    return UserError(
        "not_kassabridge",
        f"По адресу {where.server_url} отвечает не сервер KassaBridge. Возьмите строку сопряжения из CRM ещё раз.",
        f"What answers at {where.server_url} is no KassaBridge server. Take the pairing line from the CRM again.",
        exit_code=1,
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class UrllibHttp:
    """JSON over HTTP by the standard library: no redirects, no proxy to loopback, certificates checked."""

    def __init__(self, timeout: float = REQUEST_TIMEOUT, headers: Mapping[str, str] | None = None) -> None:
        self._timeout = timeout
        self._headers = dict(headers or {})

    def __call__(self, method: str, url: str, body: Mapping[str, Any] | None) -> Answer:
        """Any status is an answer. Raises ``UserError`` when none came: ``server_unreachable``, ``server_tls``,
        ``server_timeout``."""
        if body is None:
            return self.send(method, url, None, {})
        return self.send(method, url, json.dumps(body).encode("utf-8"), {"Content-Type": "application/json"})

    def send(self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]) -> Answer:
        """The same with a body of any kind."""
        parts = urlsplit(url)
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if is_loopback(parts.hostname):
            handlers.append(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(
            url,
            data=data,
            headers={"Accept": "application/json", "Accept-Language": "ru", **self._headers, **headers},
            method=method,
        )
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=self._timeout) as response:
                return Answer(response.status, _json(response.read(MAX_ANSWER)), _seconds(response.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _json(error.read(MAX_ANSWER)), _seconds(error.headers))
        except urllib.error.URLError as error:
            raise _no_answer(parts.netloc, error.reason) from None
        except (OSError, ValueError) as error:
            raise _no_answer(parts.netloc, error) from None


def _json(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _seconds(headers: Any) -> float | None:
    text = str(headers.get("Retry-After") or "")
    return float(min(int(text), 3600)) if text.isascii() and text.isdigit() else None


def _no_answer(host: str, cause: object) -> UserError:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return UserError(
            "server_tls",
            f"Сертификат сервера {host} не прошёл проверку ({cause.verify_message}). Проверьте дату на ПК; "
            "если интернет идёт через фильтр или антивирус, добавьте его сертификат в систему.",
            f"The certificate of {host} is not good ({cause.verify_message}). Check the PC's date; "
            "if a filter or antivirus stands between, add its certificate to the system.",
            exit_code=1,
        )
    if isinstance(cause, ssl.SSLError):
        return UserError(
            "server_tls",
            f"С сервером {host} не удалось установить шифрование ({cause.reason}). Проверьте адрес и порт.",
            f"No encrypted connection to {host} ({cause.reason}). Check the address and the port.",
            exit_code=1,
        )
    if isinstance(cause, socket.gaierror):
        return UserError(
            "server_unreachable",
            f"Имя сервера {host} не найдено. Проверьте интернет и строку сопряжения.",
            f"The server's name {host} was not found. Check the internet connection and the pairing line.",
            exit_code=1,
        )
    if isinstance(cause, TimeoutError):
        return UserError(
            "server_timeout",
            f"Сервер {host} не ответил вовремя. Проверьте интернет и повторите.",
            f"The server {host} did not answer in time. Check the internet connection and try again.",
            exit_code=1,
        )
    return UserError(
        "server_unreachable",
        f"Сервер {host} недоступен ({cause}). Проверьте интернет, прокси и брандмауэр.",
        f"The server {host} cannot be reached ({cause}). Check the internet connection, proxy and firewall.",
        exit_code=1,
    )
