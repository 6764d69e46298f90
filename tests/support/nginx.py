"""Debian's nginx before a server of ours, with the site that we deliver, for one test."""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.patience import BUSY

TEMPLATE = Path(__file__).resolve().parents[2] / "packaging" / "server" / "nginx.conf.template"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NAME = "localhost"

_MAIN = """daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    url: str
    plain_url: str
    certificate: Path
    log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def certificate(folder: Path) -> None:
    """fullchain.pem and privkey.pem of a machine that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def filled(values: Mapping[str, str]) -> str:
    """The site, as the nginx image fills it in: only names that it is given; nginx's own stay."""

    class Ours(Template):
        idpattern = "(?a:KASSABRIDGE_[A-Z]+)"

    return Ours(TEMPLATE.read_text("utf-8")).safe_substitute(values)


def listening(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + BUSY
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            assert child.poll() is None, "nginx has ended"
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.05)
        else:
            return


@contextmanager
def before(server: str, folder: Path, https: int, http: int) -> Iterator[Nginx]:
    """``server``: host:port. Ends with the test."""
    assert NGINX is not None
    folder.mkdir()
    certificate(folder)
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder), "utf-8")
    (folder / "site.conf").write_text(
        filled(
            {
                "KASSABRIDGE_NAME": NAME,
                "KASSABRIDGE_SERVER": server,
                "KASSABRIDGE_HTTPS": str(https),
                "KASSABRIDGE_HTTP": str(http),
                "KASSABRIDGE_CERTS": str(folder),
            }
        ),
        "utf-8",
    )
    command = [NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=60)
    assert tried.returncode == 0, tried.stderr
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        listening(https, child)
        yield Nginx(f"https://{NAME}:{https}", f"http://{NAME}:{http}", folder / "fullchain.pem", folder / "nginx.log")
    finally:
        child.terminate()
        child.wait(30)
