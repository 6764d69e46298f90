"""A task through the web server's queue: under which uuid, and what every end of it means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal.atol_json.runner import QUIET, LibraryFacts
from drivers.fiscal.atol_web import HttpClient, WebRunner, load_profile
from drivers.transports.memory import VirtualClock
from protocol.wire.atol.json_tasks import Query, cash_in, query
from tests.drivers.fiscal.atol_json.library import Library
from tests.drivers.fiscal.atol_web.server import Server, ServerTransport

NAME = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"
SALE: dict[str, Any] = {
    "type": "sell",
    "taxationType": "osn",
    "total": 100,
    "items": [
        {"type": "position", "name": "Чай", "price": 100, "quantity": 1, "amount": 100, "paymentObject": "commodity",
         "tax": {"type": "none"}}
    ],
    "payments": [{"type": "electronically", "sum": 100}],
}  # fmt: skip
MINUTE = 60.0


@pytest.fixture
def open_runner(runner: WebRunner) -> WebRunner:
    runner.open()
    runner.attempt(NAME)
    return runner


def sell(runner: WebRunner, max_time: float = MINUTE) -> Any:
    return runner.run(SALE, max_time=max_time, changing=True)


def ended(runner: WebRunner, task: Any = SALE, *, changing: bool = True, max_time: float = MINUTE) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        runner.run(task, max_time=max_time, changing=changing)
    return caught.value


def made(library: Library) -> int:
    """Receipts; the first document opened the shift."""
    return len(library.documents) - 1


# --- which server, and under which uuid -------------------------------------------------------------------------------


@pytest.mark.parametrize(("generation", "version"), [(2, "10.10.8.0"), (1, "")])
def test_the_server_is_asked_which_generation_it_is(
    runner: WebRunner, server: Server, generation: int, version: str
) -> None:
    server.generation = generation
    assert runner.open() == LibraryFacts(version)


def test_what_a_server_says_of_itself_is_believed_when_it_says_it_twice(runner: WebRunner, server: Server) -> None:
    answer, versions = server.answer, ["10.00.8.0", "10.10.8.0", "10.10.8.0", "10.10.8.0"]

    def damaged(method: str, target: str, body: bytes, authorization: str | None) -> tuple[int, bytes]:
        if target.endswith("serverInfo"):
            server.version = versions.pop(0)
        return answer(method, target, body, authorization)

    server.answer = damaged  # type: ignore[method-assign]
    with pytest.raises(NotSent):
        runner.open()
    assert runner.open().version == "10.10.8.0"


def test_a_task_of_an_attempt_goes_under_its_name_and_everything_else_under_a_uuid_of_its_own(
    open_runner: WebRunner, server: Server
) -> None:
    open_runner.run({"type": "getRegistrationInfo"}, max_time=MINUTE, changing=False)
    sell(open_runner)
    open_runner.attempt(None)
    open_runner.run(cash_in(100, None), max_time=MINUTE, changing=True)
    first, second, third = server.posted
    assert second == NAME
    assert len({first, second, third}) == 3


def test_the_same_task_under_the_same_name_is_the_same_request(
    open_runner: WebRunner, server: Server, library: Library
) -> None:
    assert sell(open_runner) == sell(open_runner)
    assert server.posted == [NAME, NAME]
    assert made(library) == 1


def test_another_task_never_goes_under_a_name_that_is_used(
    open_runner: WebRunner, server: Server, library: Library
) -> None:
    sell(open_runner)
    open_runner.run(cash_in(100, None), max_time=MINUTE, changing=True)
    assert server.posted[1] != NAME
    assert library.income == [1, 100]


# --- what was lost ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        [("POST", "answer")],
        [("POST", "answer"), ("GET", "answer")],
        [("POST", "answer"), ("GET", "request")],
        [("GET", "answer"), ("GET", "request"), ("GET", "answer")],
    ],
)
def test_a_request_whose_answer_was_lost_is_asked_for_by_its_uuid(
    open_runner: WebRunner, server: Server, library: Library, broken: list[tuple[str, str]]
) -> None:
    server.broken = broken
    assert sell(open_runner)["fiscalParams"]["fiscalDocumentNumber"] == 2
    assert server.posted == [NAME]
    assert (made(library), server.broken) == (1, [])


@pytest.mark.parametrize(
    ("named", "remaining"),
    [(True, 0.0), (False, QUIET)],  # of an attempt: ``open`` takes the name; otherwise it may come for a while
)
@pytest.mark.parametrize("lost", ["request", "late"])
@pytest.mark.parametrize("asked", [[], [("GET", "answer")]])
def test_a_request_that_did_not_arrive_is_doubt_at_once_and_not_sent_again(
    open_runner: WebRunner,
    server: Server,
    clock: VirtualClock,
    lost: str,
    asked: list[tuple[str, str]],
    named: bool,
    remaining: float,
) -> None:
    """Whoever stands at the address by then may be another register."""
    open_runner.attempt(NAME if named else None)
    server.broken = [("POST", lost), *asked]
    began = clock.now()
    error = ended(open_runner)
    assert isinstance(error, InDoubt)
    assert (error.code, error.remaining, server.posted) == ("link_lost", remaining, [])
    assert clock.now() - began < 1


def test_a_request_that_comes_late_is_a_duplicate_of_its_name(
    open_runner: WebRunner, server: Server, library: Library
) -> None:
    server.broken = [("POST", "late")]
    assert isinstance(ended(open_runner), InDoubt)
    open_runner.open()
    ((method, target, body),) = server.late
    assert server.answer(method, target, body, None)[0] == 409
    assert made(library) == 0


class Moved(ServerTransport):
    """To an address at which ``another`` server stands as soon as the first one has lost what it was told to."""

    def __init__(self, server: Server, another: Server, clock: VirtualClock) -> None:
        super().__init__(server, clock)
        self._another = another

    def open(self) -> None:
        if not self._server.broken:
            self._server = self._another
        super().open()


@pytest.mark.parametrize("task", [SALE, {"type": "getRegistrationInfo"}, {"type": "getFnDocument"}])
@pytest.mark.parametrize("lost", ["request", "answer", "late"])
@pytest.mark.parametrize("generation", [2, 1])
def test_what_was_lost_is_never_sent_to_another_register_that_has_come_to_the_address(
    server: Server, clock: VirtualClock, generation: int, lost: str, task: dict[str, Any]
) -> None:
    """The serial number was compared when the channel was opened, and every exchange has a connection of its own."""
    elsewhere = Library(can_cancel=False)
    another = Server(elsewhere, clock, generation=generation)
    server.generation = generation
    server.broken = [("DELETE", "never")]
    runner = WebRunner(HttpClient(Moved(server, another, clock), clock, "127.0.0.1:16732"), load_profile(), clock)
    runner.open()
    runner.attempt(NAME)
    server.broken = [("POST", lost)]
    error = ended(runner, task, changing=task is SALE)
    assert (type(error), another.posted, elsewhere.tasks) == (InDoubt, [], [])


def test_nothing_was_sent_to_a_server_that_is_not_there(open_runner: WebRunner, server: Server) -> None:
    server.is_up = False
    error = ended(open_runner)
    assert (type(error), error.code) == (NotSent, "device_offline")


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_server_that_is_gone_after_the_first_byte_leaves_doubt(
    open_runner: WebRunner, server: Server, clock: VirtualClock, lost: str
) -> None:
    class Going(list[Any]):
        def pop(self, at: Any = -1) -> Any:
            server.is_up = False
            return super().pop(at)

    server.broken = Going([("POST", lost)])
    began = clock.now()
    error = ended(open_runner)
    assert isinstance(error, InDoubt)
    assert (error.code, error.remaining) == ("link_lost", QUIET)
    assert MINUTE <= clock.now() - began < MINUTE + 1


def test_a_request_that_was_taken_and_is_not_known_any_more_is_doubt(open_runner: WebRunner, server: Server) -> None:
    server.answers[f"/api/v2/requests/{NAME}"] = (404, b"")
    error = ended(open_runner)
    assert isinstance(error, InDoubt)
    assert error.remaining == QUIET


# --- the queue's words ------------------------------------------------------------------------------------------------

READY = {"status": "ready", "error": {"code": 0, "description": "Ошибок нет"}, "result": {"a": 1}}


def told(server: Server, *results: dict[str, Any]) -> None:
    server.answers[f"/api/v2/requests/{NAME}"] = (200, json.dumps({"results": results}).encode())


def failed(status: str, code: int) -> dict[str, Any]:
    return {"status": status, "error": {"code": code, "description": "в тесте"}}


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (READY, {"a": 1}),
        ({"status": "ready", "error": {"code": 0}, "result": None}, {}),
        ({"status": "ready"}, {}),
        ({"status": "ready", "errorCode": 0, "errorDescription": "", "result": {"a": 1}}, {"a": 1}),
    ],
)
def test_ready_is_the_answer(open_runner: WebRunner, server: Server, result: dict[str, Any], answer: Any) -> None:
    told(server, result)
    assert sell(open_runner) == answer


@pytest.mark.parametrize(
    ("result", "verdict", "code", "remaining"),
    [
        (failed("error", 501), Refused, "bad_parameter", 0.0),
        (failed("error", 68), Refused, "shift_expired", 0.0),
        (failed("error", 2), InDoubt, "device_offline", QUIET),  # the queue goes on; the register may have it
        (failed("error", 44), InDoubt, "no_paper", 0.0),
        (failed("error", 9999), InDoubt, "register_refused", QUIET),
        ({"status": "error", "errorCode": 68, "errorDescription": "x"}, Refused, "shift_expired", 0.0),
        (failed("interrupted", 502), Refused, "register_refused", 0.0),
        (failed("canceled", 503), Refused, "device_busy", 0.0),
        ({"status": "canceled"}, Refused, "device_busy", 0.0),
    ],
)
def test_a_final_word_is_a_verdict(
    open_runner: WebRunner, server: Server, result: dict[str, Any], verdict: type, code: str, remaining: float
) -> None:
    told(server, result)
    error = ended(open_runner)
    assert (type(error), error.code) == (verdict, code)
    assert getattr(error, "remaining", 0.0) == remaining


@pytest.mark.parametrize(
    "result",
    [
        {"status": "inProgress"},
        {"status": "polishing"},  # a word that is not known yet
        failed("ready", 68),  # contradicts itself
        {"status": "error"},
        {"status": 7},
        {},
    ],
)
def test_what_is_no_final_word_is_asked_for_until_the_time_is_over(
    open_runner: WebRunner, server: Server, clock: VirtualClock, result: dict[str, Any]
) -> None:
    told(server, result)
    began = clock.now()
    error = ended(open_runner)
    assert isinstance(error, InDoubt)
    assert clock.now() - began == pytest.approx(MINUTE)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff\xfe", b'{"results":[]}', b"<html>", b'{"results":'])
def test_a_body_that_is_no_result_says_nothing(open_runner: WebRunner, server: Server, body: bytes) -> None:
    server.answers[f"/api/v2/requests/{NAME}"] = (200, body)
    error = ended(open_runner)
    assert isinstance(error, InDoubt)
    assert error.remaining == QUIET


def test_the_pauses_begin_short_and_grow_to_half_a_second(
    open_runner: WebRunner, server: Server, clock: VirtualClock
) -> None:
    server.takes = 5.0
    before = len(server.heard)
    sell(open_runner)
    looks = [path for method, path in server.heard[before:] if method == "GET"]
    assert len(looks) == 13  # after 0.05, 0.1, 0.2, 0.4, then every 0.5
    server.takes = 0.01
    open_runner.attempt(OTHER)
    began = clock.now()
    sell(open_runner)
    assert clock.now() - began == pytest.approx(0.05)


# --- a queue that stands still, or is long ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failed_with", "doubt", "reason", "code"),
    [
        (2, "device_offline", "connectionError", "device_offline"),
        (118, "fn_failed", "fnError", "fn_failed"),
        (121, "fn_full", "fnError", "fn_failed"),  # the task tells more than the queue
        (15, "register_refused", "paperError", "no_paper"),
        (4, "device_offline", "?", "device_offline"),
    ],
)
def test_blocked_is_doubt_at_once_and_stays_so_until_the_server_knows(
    open_runner: WebRunner,
    server: Server,
    library: Library,
    clock: VirtualClock,
    failed_with: int,
    doubt: str,
    reason: str,
    code: str,
) -> None:
    server.reason = reason
    library.after["sell"] = [failed_with]
    began = clock.now()
    error = ended(open_runner)
    assert isinstance(error, InDoubt)
    assert (error.code, error.vendor, error.remaining) == (doubt, str(failed_with), 0.0)
    assert clock.now() - began < 1
    assert ("DELETE", f"/api/v2/requests/{NAME}") not in server.heard
    with pytest.raises(NotSent) as caught:
        open_runner.open()
    assert caught.value.code == code
    server.unblock(made=True)
    open_runner.open()
    assert server.posted == [NAME]  # never again, under no name


def test_without_a_name_to_be_settled_by_the_register_is_given_time(
    runner: WebRunner, server: Server, library: Library
) -> None:
    runner.open()
    library.before["sell"] = [2]
    error = ended(runner)
    assert isinstance(error, InDoubt)
    assert error.remaining == QUIET


def test_a_task_that_takes_longer_than_its_time_is_doubt_until_it_has_an_end(
    open_runner: WebRunner, server: Server, library: Library, clock: VirtualClock
) -> None:
    server.takes = 200.0
    error = ended(open_runner)
    assert isinstance(error, InDoubt)
    assert (error.code, error.remaining) == ("device_busy", 0.0)
    with pytest.raises(NotSent) as caught:
        open_runner.open()
    assert (caught.value.code, made(library)) == ("device_busy", 0)
    clock.sleep(140.0)
    open_runner.open()
    assert made(library) == 1


@pytest.mark.parametrize("changing", [True, False])
def test_what_has_not_begun_when_its_time_is_over_is_taken_out_of_the_queue(
    open_runner: WebRunner, server: Server, library: Library, clock: VirtualClock, changing: bool
) -> None:
    server.takes = 1000.0
    server.answer("POST", "/api/v2/requests", b'{"uuid":"theirs","request":[{"type":"reportX"}]}', None)
    error = ended(open_runner, SALE if changing else {"type": "getRegistrationInfo"}, changing=changing)
    assert (type(error), error.code) == (Refused if changing else NotSent, "device_busy")
    clock.sleep(5000.0)
    open_runner.attempt(None)
    open_runner.open()
    assert made(library) == 0


@pytest.mark.parametrize("taken_out", [True, False])
def test_a_request_that_is_gone_was_taken_out_only_if_the_server_said_so(
    open_runner: WebRunner, server: Server, taken_out: bool
) -> None:
    path = f"/api/v2/requests/{NAME}"
    answer = server.answer
    told(server, {"status": "wait" if taken_out else "inProgress"})

    def forgetful(method: str, target: str, body: bytes, authorization: str | None) -> tuple[int, bytes]:
        if target == "/api/v2/getRequestsQueueStatus" and server.clock.now() > 1000 + MINUTE:
            server.answers[path] = (200 if taken_out else 404, b"{}")
        reply = answer(method, target, body, authorization)
        if method == "DELETE":
            server.answers[path] = (404, b"")
        return reply

    server.answer = forgetful  # type: ignore[method-assign]
    error = ended(open_runner)
    assert isinstance(error, Refused if taken_out else InDoubt)


def test_behind_a_request_whose_result_is_not_known_nothing_is_waited_for(
    open_runner: WebRunner, server: Server, library: Library, clock: VirtualClock
) -> None:
    began = clock.now()
    library.before["sell"] = [2]
    server.answer("POST", "/api/v2/requests", b'{"uuid":"theirs","request":{"type":"sell","items":[]}}', None)
    error = ended(open_runner)
    assert (type(error), error.code) == (Refused, "device_offline")
    assert server.queue == ["theirs"]
    assert clock.now() - began < 1


# --- an attempt that is over ------------------------------------------------------------------------------------------


def test_absence_is_proven_by_taking_the_name(open_runner: WebRunner, server: Server, library: Library) -> None:
    """The server does not know the uuid; the request is still on its way."""
    server.broken = [("POST", "late")]
    server.answers[f"/api/v2/requests/{NAME}"] = (404, b"")
    server.is_active = False
    assert isinstance(ended(open_runner), DeviceError)
    server.is_active = True
    server.answers.clear()
    open_runner.open()
    ((method, target, body),) = server.late
    assert server.answer(method, target, body, None)[0] == 409
    assert made(library) == 0
    error = ended(open_runner)
    assert (type(error), error.code, made(library)) == (Refused, "device_busy", 0)
    open_runner.attempt(OTHER)
    sell(open_runner)
    assert made(library) == 1


def test_the_name_is_taken_once(open_runner: WebRunner, server: Server) -> None:
    for _ in range(3):
        open_runner.open()
    assert server.posted == [NAME]
    assert library_tasks(server) == ["getDeviceStatus"] * 2


def library_tasks(server: Server) -> list[str]:
    return [task["type"] for task in server.requests[NAME].tasks]


def test_whatever_stands_before_the_taken_name_has_run_when_it_is_taken(
    open_runner: WebRunner, server: Server, library: Library
) -> None:
    """Also a request of ours that arrived under a damaged uuid."""
    server.takes = 3.0
    server.answer("POST", "/api/v2/requests", _body("damaged"), None)
    open_runner.open()
    assert made(library) == 1


def _body(uuid: str) -> bytes:
    return json.dumps({"uuid": uuid, "request": [SALE]}).encode()


@pytest.mark.parametrize("restarted", [False, True])
def test_a_request_that_the_server_gave_up_may_still_be_carried_out(
    open_runner: WebRunner, server: Server, library: Library, clock: VirtualClock, restarted: bool
) -> None:
    """It lost the register, found the last document's number unchanged, and called it an error."""
    library.before["sell"] = [2]
    assert isinstance(ended(open_runner), InDoubt)
    server.unblock(made=False)
    if restarted:
        open_runner.attempt(None)
        open_runner.attempt(NAME)
    began = clock.now()
    while clock.now() < began + QUIET:
        with pytest.raises(NotSent) as caught:
            open_runner.open()
        assert caught.value.code == "device_busy"
        clock.sleep(QUIET / 4)
    open_runner.open()


@pytest.mark.parametrize(("code", "waits"), [(44, 0.0), (68, 0.0), (2, QUIET), (55, QUIET)])
def test_only_an_error_that_leaves_the_register_at_work_is_waited_out(
    open_runner: WebRunner, server: Server, clock: VirtualClock, code: int, waits: float
) -> None:
    told(server, failed("error", code))
    ended(open_runner)
    clock.sleep(waits)
    open_runner.open()


def test_without_an_open_attempt_nothing_is_queued_to_connect(runner: WebRunner, server: Server) -> None:
    runner.open()
    assert server.posted == []


@pytest.mark.parametrize(("status", "code"), [(500, "device_offline"), (401, "wrong_password")])
def test_an_attempt_that_cannot_be_asked_about_keeps_the_channel_closed(
    open_runner: WebRunner, server: Server, status: int, code: str
) -> None:
    server.answers[f"/api/v2/requests/{NAME}"] = (status, b"")
    with pytest.raises(NotSent) as caught:
        open_runner.open()
    assert caught.value.code == code
    with pytest.raises(NotSent):
        sell(open_runner)
    assert server.posted == []


# --- what the server refuses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "verdict", "code"),
    [
        (400, b'{"error":{"code":505,"description":"x"}}', Refused, "bad_parameter"),
        (400, b'{"error":{"code":501,"description":"items[0]"}}', Refused, "bad_parameter"),
        (400, b"<html>too many fiscal subtasks</html>", Refused, "bad_parameter"),
        (401, b"", NotSent, "wrong_password"),
        (404, b"<html>", NotSent, "wrong_device"),
        (409, b"", NotSent, "device_offline"),  # and the uuid is not known: the device is not active
        (500, b"", NotSent, "driver_failed"),
        (302, b"", NotSent, "wrong_device"),
    ],
)
def test_a_delivery_that_is_refused_was_not_sent_or_is_refused(
    open_runner: WebRunner, server: Server, library: Library, status: int, body: bytes, verdict: type, code: str
) -> None:
    server.answers["/api/v2/requests"] = (status, body)
    error = ended(open_runner)
    assert (type(error), error.code, made(library)) == (verdict, code, 0)


@pytest.mark.parametrize("status", [301, 401, 404, 409, 500])
def test_a_refusal_of_a_request_that_the_server_knows_is_not_believed(
    open_runner: WebRunner, server: Server, library: Library, status: int
) -> None:
    """A damaged status line, or a server that failed after it had taken the request."""
    server.answer("POST", "/api/v2/requests", _body(NAME), None)
    server.answers["/api/v2/requests"] = (status, b"")
    assert sell(open_runner)["fiscalParams"]["fiscalDocumentNumber"] == 2
    assert made(library) == 1


def test_a_device_that_is_not_active_is_named(open_runner: WebRunner, server: Server) -> None:
    server.is_active = False
    error = ended(open_runner)
    assert (type(error), error.code) == (NotSent, "device_offline")
    assert "activate" in error.detail


# --- queries ----------------------------------------------------------------------------------------------------------


def test_a_query_stays_out_of_the_queue_where_the_server_answers_it_outside(
    open_runner: WebRunner, server: Server
) -> None:
    assert "deviceStatus" in open_runner.run(query(Query.DEVICE_STATUS), max_time=MINUTE, changing=False)
    assert server.posted == []


@pytest.mark.parametrize(
    "strange", [(404, b""), (405, b""), (501, b"<html>"), (200, b"{}"), (200, b'{"status":{}}'), (200, b"<html>")]
)
def test_a_query_that_is_not_answered_outside_goes_through_the_queue(
    open_runner: WebRunner, server: Server, strange: tuple[int, bytes]
) -> None:
    path = "/api/v2/operations/queryShiftStatus"
    server.answers[path] = strange
    for _ in range(2):
        assert "shiftStatus" in open_runner.run(query(Query.SHIFT_STATUS), max_time=MINUTE, changing=False)
    assert len(server.posted) == 2


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        ((500, b'{"error":{"code":2,"description":"x"}}'), InDoubt, "device_offline"),
        ((500, b'{"error":{"code":225,"description":"x"}}'), Refused, "register_refused"),
        ((401, b""), NotSent, "wrong_password"),
        ((409, b""), NotSent, "device_offline"),
    ],
)
def test_a_query_outside_the_queue_ends_in_a_verdict(
    open_runner: WebRunner, server: Server, answer: tuple[int, bytes], verdict: type, code: str
) -> None:
    server.answers["/api/v2/operations/queryFnInfo"] = answer
    error = ended(open_runner, query(Query.FN_INFO), changing=False)
    assert type(error) is verdict
    assert error.code == code or verdict is Refused


def test_a_lost_answer_to_a_query_is_asked_for_again(open_runner: WebRunner, server: Server) -> None:
    server.broken = [("POST", "answer"), ("POST", "request")]
    assert "fnStatus" in open_runner.run(query(Query.FN_STATUS), max_time=MINUTE, changing=False)


def test_what_an_archive_says_is_believed_when_it_says_it_twice(open_runner: WebRunner, server: Server) -> None:
    """Found by a bit that was changed in the answer: the proof named a cashier whom nobody knows."""
    answer, words = server.answer, ["never", "Иванова", "Иванова", "Ивбнова", "Иванова"]

    def damaged(method: str, target: str, body: bytes, authorization: str | None) -> tuple[int, bytes]:
        reply = answer(method, target, body, authorization)
        if method != "GET":
            return reply
        result = {"status": "ready", "result": {"tlv": words.pop()}}
        return 200, json.dumps({"results": [result]}).encode()

    server.answer = damaged  # type: ignore[method-assign]
    task = {"type": "getFnDocument", "fiscalDocumentNumber": 1}
    assert open_runner.run(task, max_time=MINUTE, changing=False) == {"tlv": "Иванова"}
    assert words == ["never"]


# --- the older server -------------------------------------------------------------------------------------------------


def test_the_older_server_has_the_queue_alone(runner: WebRunner, server: Server, library: Library) -> None:
    server.generation, server.flat = 1, True
    runner.open()
    assert "deviceStatus" in runner.run(query(Query.DEVICE_STATUS), max_time=MINUTE, changing=False)
    assert runner.queue() is None
    runner.attempt(NAME)
    server.broken = [("POST", "answer")]
    sell(runner)
    assert (made(library), server.posted[-1]) == (1, NAME)
    assert all(not path.startswith("/api/v2/") for _, path in server.heard if "serverInfo" not in path)


def test_the_older_server_keeps_what_is_blocked_too(runner: WebRunner, server: Server, library: Library) -> None:
    server.generation = 1
    runner.open()
    runner.attempt(NAME)
    library.after["sell"] = [2]
    assert isinstance(ended(runner), InDoubt)
    with pytest.raises(NotSent) as caught:
        runner.open()
    assert caught.value.code == "device_busy"  # it does not say why
    server.unblock(made=True)
    runner.open()
    assert made(library) == 1
