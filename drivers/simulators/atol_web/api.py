"""The server's HTTP interface: what each address and method does (reference, B.1 to B.4).

``/api/v2/…`` is the newer interface, ``/requests`` the older one; a server of one generation alone can be had. Beside
what the reference says:

- an error of the older interface is an HTML page, of the newer one ``{"error": {"code", "description"}}``;
- a server of the older generation alone flattens a result's ``error`` into ``errorCode`` and ``errorDescription``;
- more than one fiscal subtask in a request is 400 in both;
- of the devices one has a register, ``1``; other records can be kept, none of them can be connected (500, code 2). A
  request is known by its uuid at its own device only;
- a uuid is 1 to 64 visible ASCII characters; a method that an address does not know is 405.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drivers.simulators.atol_web import codes, tasks, validation
from drivers.simulators.atol_web import numbers as json
from drivers.simulators.atol_web.answers import moment
from drivers.simulators.atol_web.codes import TaskError
from drivers.simulators.atol_web.records import Records, RecordsError
from drivers.simulators.atol_web.state import Job, Subtask
from drivers.simulators.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from drivers.simulators.atol_web.device import WebDevice

Answer = Callable[[HttpResponse], None]
V2 = "/api/v2"
LONGEST_UUID = 64
OPERATIONS: Mapping[str, str] = {
    "queryDeviceStatus": "getDeviceStatus",
    "queryDeviceInfo": "getDeviceInfo",
    "queryShiftStatus": "getShiftStatus",
    "queryShiftTotals": "getShiftTotals",
    "queryFnInfo": "getFnInfo",
    "queryFnStatus": "getFnStatus",
    "queryOfdExchangeStatus": "ofdExchangeStatus",
    "queryIsmExchangeStatus": "ismExchangeStatus",
    "queryLicenses": "getLicenses",
    "queryReceiptTotals": "getOverallTotals",
    "queryIncomeTotals": "getShiftTotals",
    "queryOutcomeTotals": "getShiftTotals",
}
"""Questions past the queue -> the task that answers like them; the last three are near it at best."""


class ApiError(Exception):
    def __init__(self, status: int, description: str, code: int = codes.WEB_FAIL) -> None:
        super().__init__(description)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    request: HttpRequest
    name: str  # the last part of the address, where it is one of many
    newer: bool  # interface 2

    def body(self) -> Any:
        try:
            value = json.read(self.request.body.decode("utf-8"))
            json.write(value).encode("utf-8")  # half a surrogate pair is no text
        except (ValueError, RecursionError) as error:
            raise ApiError(400, "the body is no JSON") from error
        return value

    def fields(self) -> dict[str, Any]:
        value = self.body()
        if not isinstance(value, dict):
            raise ApiError(400, "expected an object")
        return value


Handler = Callable[["Api", Call], HttpResponse]


@dataclass(frozen=True, slots=True)
class Route:
    handle: Handler
    open: bool = False  # asks nobody's password


def ok(value: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, json.write(value).encode("utf-8"))


def word_of(request: HttpRequest) -> str:
    """How faults name an exchange: ``post-requests``, ``get-serverInfo``, ``post-queryFnStatus``."""
    parts = [part for part in request.path.removeprefix(V2).split("/") if part]
    named = parts[1:2] if parts[:1] in (["operations"], ["utils"]) else parts[:1]
    return f"{request.method.lower()}-{named[0]}" if named else ""


class Api:
    def __init__(self, device: WebDevice) -> None:
        self._device = device
        self.records = Records(device.state)

    def answer(self, request: HttpRequest, answer: Answer) -> None:
        """At once, or when the register is free."""
        newer = request.path.startswith(V2 + "/")
        try:
            if request.method == "OPTIONS":
                answer(HttpResponse(200, headers=CORS))
                return
            route, name = self._route(request)
            if not route.open and not self._known(request):
                answer(self.problem(401, "who are you?", newer=newer))
                return
            call = Call(request, name, newer)
            if route.handle is Api.operation:
                self._when_free(call, answer)
            else:
                answer(route.handle(self, call))
        except ApiError as error:
            answer(self.problem(error.status, str(error), error.code, newer=newer))

    def problem(self, status: int, text: str, code: int = codes.WEB_FAIL, *, newer: bool = True) -> HttpResponse:
        headers = {"WWW-Authenticate": 'Basic realm="atol"'} if status == 401 else {}
        if newer:
            body = json.write({"error": {"code": code, "description": text}})
            return HttpResponse(status, body.encode("utf-8"), headers=headers)
        page = f"<html><head><title>Error {status}</title></head><body><h2>{html.escape(text)}</h2></body></html>"
        return HttpResponse(status, page.encode("utf-8"), "text/html; charset=utf-8", headers)

    # --- who asks what ---

    def _route(self, request: HttpRequest) -> tuple[Route, str]:
        generation = self._device.options.generation
        routes = NEWER if request.path.startswith(V2 + "/") else OLDER
        if generation is not None and (generation == 2) != (routes is NEWER):
            raise ApiError(404, "no such address")
        path = request.path.removeprefix(V2) if routes is NEWER else request.path
        above, _, name = path.rpartition("/")
        methods = routes.get(path) or routes.get(f"{above}/*")
        if methods is None or (path not in routes and not name):
            raise ApiError(404, "no such address")
        route = methods.get(request.method)
        if route is None:
            raise ApiError(405, "no such method here")
        return route, "" if path in routes else name

    def _known(self, request: HttpRequest) -> bool:
        wanted = self._device.options.auth
        if not wanted:
            return True
        said = base64.b64encode(wanted.encode("utf-8")).decode("ascii")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "basic" and given.strip() == said

    def _for_the_register(self, call: Call, body: Mapping[str, Any] | None = None) -> None:
        """The device that is meant is there and connected."""
        wanted = call.request.query.get("deviceID") or (body or {}).get("deviceID")
        try:
            if not self.records.connected(wanted):
                raise ApiError(409, "the device is not active")
        except RecordsError as error:
            raise ApiError(error.status, str(error)) from error

    def _means_the_register(self, call: Call) -> bool:
        """A queue belongs to a device: of another one nothing is known here."""
        try:
            return self.records.is_the_register(call.request.query.get("deviceID"))
        except RecordsError as error:
            raise ApiError(error.status, str(error)) from error

    # --- requests ---

    def add(self, call: Call) -> HttpResponse:
        body = call.fields()
        self._for_the_register(call, body)
        uuid, asked = body.get("uuid"), body.get("request")
        visible = isinstance(uuid, str) and uuid.isascii() and uuid.isprintable() and " " not in uuid
        if not isinstance(uuid, str) or not visible or not 0 < len(uuid) <= LONGEST_UUID:
            raise ApiError(400, "uuid is missing")
        listed: list[Any] = asked if isinstance(asked, list) else [asked]
        if not listed or not all(isinstance(each, dict) and isinstance(each.get("type"), str) for each in listed):
            raise ApiError(400, "request: expected one task or several")
        if sum(each["type"] in tasks.FISCAL for each in listed) > 1:
            raise ApiError(400, "request: one fiscal task at most")
        if self.records.settings()["validateRequestsOnAdd"]:
            self._validated(listed)
        if self._device.queue.find(uuid) is not None:
            raise ApiError(409, "uuid is in use")
        self._device.add(uuid, [Subtask(each["type"], json.write(each)) for each in listed])
        if not call.newer:
            return HttpResponse(201)
        return ok({"uuid": uuid, **self._standing()}, 201)

    def _validated(self, listed: list[Any]) -> None:
        newer = self._device.newer
        try:
            for each in listed:
                validation.check(each, tasks.known(newer=newer), newer=newer)
        except TaskError as error:
            raise ApiError(400, error.description, error.code) from error

    def result(self, call: Call) -> HttpResponse:
        flat = self._device.options.generation == 1
        return ok({"results": [_told(each, flat=flat) for each in self._job(call).subtasks]})

    def cancel(self, call: Call) -> HttpResponse:
        if not self._device.cancel(self._job(call)):
            raise ApiError(409 if call.newer else 405, "it is being executed, or done")
        return ok({}) if call.newer else HttpResponse(200)

    def _job(self, call: Call) -> Job:
        job = self._device.queue.find(call.name)
        if job is None or not self._means_the_register(call):
            raise ApiError(404, "no such uuid")
        return job

    def queue(self, call: Call) -> HttpResponse:
        if not self._means_the_register(call):
            return ok(
                {"number": 0, "isBlocked": False, "blockedUUID": "", "blockReason": "", "canceled": 0, "ready": 0}
            )
        counts = self._device.queue.counts()
        return ok({**self._standing(), "canceled": counts.canceled, "ready": counts.ready})

    def _standing(self) -> dict[str, Any]:
        blocked, at_work = self._device.state.blocked, self._device.queue.at_work
        return {
            "number": self._device.queue.counts().number,
            "isBlocked": blocked is not None,
            "blockedUUID": at_work[0].uuid if blocked is not None and at_work is not None else "",
            "blockReason": "" if blocked is None else blocked.reason,
        }

    # --- questions past the queue ---

    def operation(self, call: Call) -> HttpResponse:
        task = OPERATIONS.get(call.name)
        if task is None:
            raise ApiError(404, "no such operation")
        try:
            return ok(self._device.question({"type": task}) or {})
        except TaskError as error:
            raise ApiError(500, error.description, error.code) from error

    def _when_free(self, call: Call, answer: Answer) -> None:
        self._for_the_register(call)

        def now() -> None:
            try:
                answer(self.operation(call))
            except ApiError as error:
                answer(self.problem(error.status, str(error), error.code))

        self._device.when_free(now)

    # --- the server itself ---

    def info(self, _call: Call) -> HttpResponse:
        return ok(
            {
                "serverVersion": "simulator",
                "driverVersion": "10.10.8.0" if self._device.newer else "10.6.0.0",
                "os": "linux",
                "currentDateTime": moment(self._device.clock.now()),
            }
        )

    def nothing(self, _call: Call) -> HttpResponse:
        """What these tables hold is not in the reference."""
        return ok({})

    def settings(self, _call: Call) -> HttpResponse:
        return ok(self.records.settings())

    def set_settings(self, call: Call) -> HttpResponse:
        return self._record(lambda: self.records.set_settings(call.fields()))

    def devices(self, _call: Call) -> HttpResponse:
        return ok(self.records.all())

    def add_device(self, call: Call) -> HttpResponse:
        return self._record(lambda: self.records.add(call.fields()), 201)

    def device(self, call: Call) -> HttpResponse:
        return self._record(lambda: self.records.one(call.name))

    def change_device(self, call: Call) -> HttpResponse:
        return self._record(lambda: self.records.change(call.name, call.fields()))

    def drop_device(self, call: Call) -> HttpResponse:
        return self._record(lambda: self.records.drop(call.name))

    def set_default(self, call: Call) -> HttpResponse:
        return self._record(lambda: self.records.set_default(str(call.fields().get("id"))))

    def activate(self, call: Call) -> HttpResponse:
        return self._switch(call, active=True)

    def deactivate(self, call: Call) -> HttpResponse:
        return self._switch(call, active=False)

    def _switch(self, call: Call, *, active: bool) -> HttpResponse:
        body = call.fields() if call.request.body else {}
        wanted = call.request.query.get("deviceID") or body.get("deviceID")
        if active and self.records.is_the_register(wanted) and not self._device.linked:
            raise ApiError(500, codes.text(codes.NO_CONNECTION), codes.NO_CONNECTION)
        told = self._record(lambda: self.records.activate(wanted, active=active))
        self._device.look()
        return told

    def _record(self, act: Callable[[], Any], status: int = 200) -> HttpResponse:
        try:
            told = act()
        except RecordsError as error:
            raise ApiError(error.status, str(error), error.code) from error
        self._device.save()
        return ok(told, status)


def _told(each: Subtask, *, flat: bool) -> dict[str, Any]:
    result = None if each.result is None else json.read(each.result)
    description = each.description or codes.text(each.code)
    if flat:
        return {"status": each.status, "errorCode": each.code, "errorDescription": description, "result": result}
    return {"status": each.status, "error": {"code": each.code, "description": description}, "result": result}


CORS = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
}
NEWER: Mapping[str, Mapping[str, Route]] = {
    "/serverInfo": {"GET": Route(Api.info, open=True)},
    "/settings": {"GET": Route(Api.settings), "PUT": Route(Api.set_settings)},
    "/devices": {"GET": Route(Api.devices), "POST": Route(Api.add_device)},
    "/devices/*": {"GET": Route(Api.device), "PUT": Route(Api.change_device), "DELETE": Route(Api.drop_device)},
    "/setDefaultDevice": {"POST": Route(Api.set_default)},
    "/activateDevice": {"POST": Route(Api.activate)},
    "/deactivateDevice": {"POST": Route(Api.deactivate)},
    "/requests": {"POST": Route(Api.add)},
    "/requests/*": {"GET": Route(Api.result), "DELETE": Route(Api.cancel)},
    "/getRequestsQueueStatus": {"GET": Route(Api.queue)},
    "/operations/*": {"POST": Route(Api.operation)},
    "/utils/mapping": {"GET": Route(Api.nothing, open=True)},
    "/utils/deviceParametersStruct": {"GET": Route(Api.nothing, open=True)},
}
OLDER: Mapping[str, Mapping[str, Route]] = {
    "/requests": {"POST": Route(Api.add)},
    "/requests/*": {"GET": Route(Api.result), "DELETE": Route(Api.cancel)},
    "/stat/requests": {"GET": Route(Api.queue)},
}


def _words() -> frozenset[str]:
    found = {f"post-{name}" for name in OPERATIONS}
    for routes in (NEWER, OLDER):
        for path, methods in routes.items():
            if not path.startswith("/operations"):
                found |= {word_of(HttpRequest(method, path)) for method in methods}
    return frozenset(found)


WORDS = _words()
"""Every exchange that a fault can name."""
