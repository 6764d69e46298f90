"""Servers on loopback that the doctor may meet: with any certificate, any answer, or none. And a proxy."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Serve = Callable[[socket.socket], None]


def answer(status: str = "200 OK", body: str = '{"status":"ok"}', date: datetime | None = None) -> bytes:
    """A whole HTTP answer; ``date`` in its Date header."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    if date is not None:
        head.append(f"Date: {format_datetime(date.astimezone(UTC), usegmt=True)}")
    return "\r\n".join([*head, "", body]).encode()


@contextlib.contextmanager
def listening(serve: Serve) -> Iterator[int]:
    """``serve`` gets every connection, one after another; what the peer spoils is its own affair."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    peer, _ = server.accept()
                    with peer:
                        peer.settimeout(5.0)
                        if not over.is_set():
                            serve(peer)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            with contextlib.suppress(OSError):
                socket.create_connection(server.getsockname(), timeout=5.0).close()
            thread.join(10)


def saying(reply: Callable[[], bytes], context: ssl.SSLContext | None = None) -> Serve:
    """An HTTP server that says one thing, encrypted with a ``context``."""

    def serve(peer: socket.socket) -> None:
        if context is None:
            _reply(peer, reply())
            return
        with context.wrap_socket(peer, server_side=True) as wrapped:
            _reply(wrapped, reply())

    return serve


def _reply(peer: socket.socket, reply: bytes) -> None:
    heard = b""
    while b"\r\n\r\n" not in heard:
        piece = peer.recv(4096)
        if not piece:
            return
        heard += piece
    peer.sendall(reply)


def hanging_up(peer: socket.socket) -> None:
    """Hears something and is gone."""
    peer.recv(1)


def proxying(port: int) -> Serve:
    """A proxy that leads every CONNECT to this port of loopback."""

    def serve(peer: socket.socket) -> None:
        heard = b""
        while b"\r\n\r\n" not in heard:
            piece = peer.recv(4096)
            if not piece:
                return
            heard += piece
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as far:
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pump, args=(far, peer), daemon=True)
            back.start()
            _pump(peer, far)
            back.join(5.0)

    return serve


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


class Authority:
    """Issues certificates; ``trusting`` is how a PC that knows it looks at others."""

    def __init__(self, folder: Path, name: str = "Test CA") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._built(self._name, self._key, self._name, self._key, ca=True)

    @staticmethod
    def _built(
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        issuer: x509.Name,
        by: ec.EllipticCurvePrivateKey,
        *,
        ca: bool = False,
        host: str = "localhost",
        days: tuple[int, int] = (-10, 365),
        use: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    ) -> x509.Certificate:
        today = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today + timedelta(days=days[0]))
            .not_valid_after(today + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        )
        if ca:
            usage = dict.fromkeys(
                ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                 "encipher_only", "decipher_only"), False,
            )  # fmt: skip
            builder = builder.add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
        else:
            names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        return builder.sign(by, hashes.SHA256())

    def server(
        self,
        host: str = "localhost",
        days: tuple[int, int] = (-10, 365),
        use: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
        *,
        by_itself: bool = False,
    ) -> ssl.SSLContext:
        """A server's side with a certificate for ``host``, valid for ``days`` from today on."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        issuer, by = (name, key) if by_itself else (self._name, self._key)
        certificate = self._built(name, key, issuer, by, host=host, days=days, use=use)
        path = self._folder / "server.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def trusting(self) -> ssl.SSLContext:
        """A client's side that checks everything and knows this authority alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self._certificate.public_bytes(serialization.Encoding.PEM).decode())
        return context
