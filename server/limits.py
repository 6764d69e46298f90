"""Bodies are read up to a limit of bytes and depth, before anything parses them."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from protocol.crm.envelope import too_deep
from server.fields import FieldError
from server.problems import Problem, answer, language_of

_NOT_UTF8 = FieldError(
    "body", "JSON is UTF-8", "UTF-8", "E_ENCODING", "Тело запроса не в UTF-8.", "The body is not UTF-8."
)


class BodyLimit:
    """ASGI middleware: 413 ``message_too_large``, 400 ``bad_request`` (not UTF-8), 422 ``message_too_deep``. What is
    behind the paths of ``streamed`` is no JSON: it is read, and limited, once it is known who sends it."""

    def __init__(self, app: ASGIApp, max_bytes: int, streamed: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._max = max_bytes
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS") or scope["path"] in self._streamed:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        language = language_of(headers.get(b"accept-language", b"").decode("latin-1"))
        body = bytearray()
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._max:
            await answer(Problem(413, "message_too_large"), language)(scope, receive, send)
            return
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max:
                await answer(Problem(413, "message_too_large"), language)(scope, receive, send)
                return
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            # The JSON parser would guess at UTF-16 and UTF-32; the checks of depth read bytes.
            await answer(Problem(400, "bad_request", errors=[_NOT_UTF8]), language)(scope, receive, send)
            return
        if too_deep(bytes(body)):
            await answer(Problem(422, "message_too_deep"), language)(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)
