"""The least that a job costs on its way to a device: one POST, a commit, one websocket message, a commit.

``python -m benchmarks.floor server FILE`` and ``python -m benchmarks.floor agent FILE WS_URL DEVICE_PORT``, with
the libraries that server and agent use, and the settings of their databases. Nothing is checked, signed or looked
up.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, WebSocket
from starlette.responses import JSONResponse
from websockets.sync.client import connect

from server.serving import uvicorn_options


def database(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    return db


def store(db: sqlite3.Connection, text: str) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO jobs (body) VALUES (?)", (text,))
    db.execute("COMMIT")


def serve(path: str) -> None:
    app = FastAPI()
    db = database(path)
    agents: list[WebSocket] = []

    @app.post("/jobs", status_code=202)
    async def post(request: Request) -> JSONResponse:
        job: dict[str, Any] = await request.json()
        text = json.dumps(job, ensure_ascii=False)
        await asyncio.to_thread(store, db, text)
        for agent in agents:
            await agent.send_text(text)
        return JSONResponse(job, 202)

    @app.websocket("/agent")
    async def agent(websocket: WebSocket) -> None:
        await websocket.accept()
        agents.append(websocket)
        try:
            while (await websocket.receive())["type"] != "websocket.disconnect":
                continue
        finally:
            agents.remove(websocket)

    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(json.dumps({"port": listener.getsockname()[1]}) + "\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, **uvicorn_options())).run(sockets=[listener])


def act(path: str, url: str, port: int) -> None:
    db = database(path)
    with socket.create_connection(("127.0.0.1", port)) as device, connect(url, compression=None) as link:
        device.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sys.stdout.write("{}\n")
        sys.stdout.flush()
        for text in link:
            store(db, str(text))
            device.sendall(b"\x05")


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    if role == "server":
        serve(rest[0])
    else:
        act(rest[0], rest[1], int(rest[2]))
