"""Faults on the way to the server: real sockets, real certificates, all on loopback."""

from __future__ import annotations

import contextlib
import socket
from datetime import timedelta
from typing import Any

from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.agent.support.doctor.clinic import Case, Clinic, now
from tests.agent.support.doctor.peers import Authority, answer, hanging_up, listening, proxying, saying


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def a_misspelt_proxy(pc: Clinic) -> None:
    pc.server("https://kassa.example.ru")
    pc.set(proxies=lambda: {"https": "http://proxy:port"})


def a_proxy_that_is_off(pc: Clinic) -> None:
    pc.server("https://kassa.example.ru")
    port = closed_port()
    pc.set(proxies=lambda: {"https": f"http://127.0.0.1:{port}"})


def a_name_that_does_not_exist(pc: Clinic) -> None:
    """No resolver has to be asked: a name with an empty part is none."""
    pc.server("https://kassa..example.ru")


def a_port_where_nobody_listens(pc: Clinic) -> None:
    pc.server(f"http://127.0.0.1:{closed_port()}")


def a_firewall_that_swallows(pc: Clinic) -> None:
    """A queue of connections that is full answers nothing, as behind a firewall that drops."""
    server = pc.stack.enter_context(socket.socket())
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    for _ in range(4):
        filler = pc.stack.enter_context(socket.socket())
        filler.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            filler.connect(server.getsockname())
    pc.limit = 0.5
    pc.server(f"http://127.0.0.1:{server.getsockname()[1]}")


def no_way_there(pc: Clinic) -> None:
    """The system itself refuses to go to the broadcast address; nothing leaves."""
    pc.server("https://255.255.255.255")


def _tls(**certificate: Any) -> Any:
    def plant(pc: Clinic) -> None:
        authority = Authority(pc.folder)
        serve = saying(lambda: answer(date=now()), authority.server(**certificate))
        port = pc.stack.enter_context(listening(serve))
        pc.set(tls=authority.trusting)
        pc.server(f"https://localhost:{port}")

    return plant


def a_certificate_of_an_unknown_authority(pc: Clinic) -> None:
    """As an antivirus shows it that reads along."""
    stranger = Authority(pc.folder, "Antivirus Root")
    _tls()(pc)
    port = pc.stack.enter_context(listening(saying(answer, stranger.server())))
    pc.server(f"https://localhost:{port}")


def a_server_without_encryption(pc: Clinic) -> None:
    def serve_plain(peer: socket.socket) -> None:
        peer.recv(1)
        peer.sendall(answer("400 Bad Request", ""))
        while peer.recv(4096):
            pass

    port = pc.stack.enter_context(listening(serve_plain))
    pc.server(f"https://localhost:{port}")


def a_filter_that_cuts_encryption(pc: Clinic) -> None:
    def serve(peer: socket.socket) -> None:
        while len(peer.recv(65536)) == 65536:
            pass

    port = pc.stack.enter_context(listening(serve))
    pc.server(f"https://localhost:{port}")


def _saying(status: str, body: str = "") -> Any:
    def plant(pc: Clinic) -> None:
        port = pc.stack.enter_context(listening(saying(lambda: answer(status, body, now()))))
        pc.server(f"http://127.0.0.1:{port}")

    return plant


def a_server_that_hangs_up(pc: Clinic) -> None:
    port = pc.stack.enter_context(listening(hanging_up))
    pc.server(f"http://127.0.0.1:{port}")


def _off(ahead: timedelta | None) -> Any:
    """The server's date is another than the PC's; ``None``: it tells none."""

    def plant(pc: Clinic) -> None:
        reply = (lambda: answer(date=now() + ahead)) if ahead is not None else answer
        port = pc.stack.enter_context(listening(saying(reply)))
        pc.server(f"http://127.0.0.1:{port}")

    return plant


CASES = (
    Case("net.proxy", "bad_proxy", a_misspelt_proxy),
    Case("net.proxy", "proxy_unreachable", a_proxy_that_is_off),
    Case("net.name", "name_not_found", a_name_that_does_not_exist),
    Case("net.connect", "refused", a_port_where_nobody_listens),
    Case("net.connect", "no_reply", a_firewall_that_swallows),
    Case("net.connect", "unreachable", no_way_there),
    Case("net.tls", "expires_soon", _tls(days=(-300, 5))),
    Case("net.tls", "expired", _tls(days=(-300, -5))),
    Case("net.tls", "not_yet_valid", _tls(days=(5, 300))),
    Case("net.tls", "self_signed", _tls(by_itself=True)),
    Case("net.tls", "unknown_issuer", a_certificate_of_an_unknown_authority),
    Case("net.tls", "wrong_name", _tls(host="another.example.ru")),
    Case("net.tls", "bad_certificate", _tls(use=ExtendedKeyUsageOID.CLIENT_AUTH)),
    Case("net.tls", "no_tls", a_server_without_encryption),
    Case("net.tls", "cut", a_filter_that_cuts_encryption),
    Case("server.answers", "not_ours", _saying("200 OK", "<html>router</html>")),
    Case("server.answers", "failing", _saying("502 Bad Gateway")),
    Case("server.answers", "proxy_login", _saying("407 Proxy Authentication Required")),
    Case("server.answers", "cut", a_server_that_hangs_up),
    Case("server.clock", "clock_off", _off(timedelta(minutes=3))),
    Case("server.clock", "clock_wrong", _off(timedelta(hours=-3))),
    Case("server.clock", "no_date", _off(None)),
)


def through_a_proxy(pc: Clinic) -> None:
    """Not a fault: a shop whose way out is a proxy, with a name that only the proxy can find."""
    authority = Authority(pc.folder)
    serve = saying(lambda: answer(date=now()), authority.server(host="kassa.example.ru"))
    far = pc.stack.enter_context(listening(serve))
    near = pc.stack.enter_context(listening(proxying(far)))
    pc.set(tls=authority.trusting, proxies=lambda: {"https": f"http://user:secret@127.0.0.1:{near}"})
    pc.server("https://kassa.example.ru")
