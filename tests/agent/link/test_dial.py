"""What is made of a connection that does not come about: by a peer on the loopback that breaks off in its own way."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agent.link.dial import dial, trouble_of


@contextmanager
def peer(answer: bytes) -> Iterator[int]:
    """Reads the greeting, says ``answer`` and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def meet() -> None:
            near, _ = listener.accept()
            with near:
                near.recv(65536)
                near.sendall(answer)

        thread = threading.Thread(target=meet)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join()


async def met(port: int) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011  (whatever it is must have a name)
        await asyncio.wait_for(dial(f"ws://127.0.0.1:{port}/agent"), 10)
    return trouble_of(caught.value).code


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "closed"),  # a server that is just being restarted behind its proxy, a router that gives up
        (b"HTTP/1.1 101 Switch", "closed"),
        (b"220 mail.example.ru ESMTP\r\n\r\n", "no_websocket"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "http_404"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "http_503"),
    ],
)
async def test_who_breaks_off_is_not_who_is_somebody_else(answer: bytes, code: str) -> None:
    with peer(answer) as port:
        assert await met(port) == code


async def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    assert await met(port) == "unreachable"
