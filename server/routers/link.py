"""The websocket of an agent."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from protocol.crm.messages import SUBPROTOCOL
from server.routers.common import Services
from server.services.link import Connection
from server.services.socket import Gone, LinkServices

router = APIRouter()


class _Socket:
    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> str | bytes:
        try:
            message = await self._websocket.receive()
        except (WebSocketDisconnect, RuntimeError):
            raise Gone from None
        if message["type"] == "websocket.disconnect":
            raise Gone
        text = message.get("text")
        return text if text is not None else message.get("bytes") or b""

    async def send(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError, OSError):
            raise Gone from None

    async def close(self, code: int, reason: str) -> None:
        if self._websocket.application_state is WebSocketState.DISCONNECTED:
            return
        try:
            await self._websocket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError, OSError):
            raise Gone from None


@router.websocket("/agent")
async def agent_link(websocket: WebSocket) -> None:
    services: Services = websocket.app.state.services
    if SUBPROTOCOL not in websocket.scope.get("subprotocols", []) or services.hub.stopping:
        await websocket.close(1002)  # before the handshake: refused with an HTTP status
        return
    await websocket.accept(SUBPROTOCOL)
    s = services
    link = LinkServices(s.database, s.hub, s.key, s.world, s.settings.limits, s.tails)
    await Connection(_Socket(websocket), link).run()
