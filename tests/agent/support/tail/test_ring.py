"""Lines that wait for their batch: the newest are kept, the others counted."""

from __future__ import annotations

import threading

from agent.support.tail.ring import LONGEST, Ring


def test_lines_come_out_in_the_order_in_which_they_went_in() -> None:
    ring = Ring()
    for n in range(5):
        ring.put(b"%d" % n)
    assert ring.take(3) == (0, [b"0", b"1", b"2"])
    assert ring.take(3) == (0, [b"3", b"4"])
    assert ring.take(3) == (0, [])


def test_the_newest_are_kept_and_the_others_counted_once() -> None:
    ring = Ring(lines=3)
    for n in range(10):
        ring.put(b"%d" % n)
    assert ring.take(2) == (7, [b"7", b"8"])
    assert ring.take(2) == (0, [b"9"])


def test_bytes_are_bounded_too() -> None:
    ring = Ring(lines=100, size=10)
    for letter in (b"aaaa", b"bbbb", b"cccc"):
        ring.put(letter)
    assert ring.take(9) == (1, [b"bbbb", b"cccc"])
    ring.put(b"dddd")
    assert ring.take(9) == (0, [b"dddd"])


def test_a_line_of_no_reasonable_length_is_counted_and_left_out() -> None:
    ring = Ring()
    ring.put(b"a" * (LONGEST + 1))
    ring.put(b"b" * LONGEST)
    assert ring.take(9) == (1, [b"b" * LONGEST])


def test_what_was_cleared_is_not_counted_against_the_next() -> None:
    ring = Ring(lines=1)
    ring.put(b"a")
    ring.put(b"b")
    ring.clear()
    ring.put(b"c")
    assert ring.take(9) == (0, [b"c"])


def test_any_thread_may_put_lines_in_and_none_is_lost_uncounted() -> None:
    ring = Ring(lines=50)
    seen = dropped = 0

    def writes() -> None:
        for n in range(500):
            ring.put(b"%d" % n)

    threads = [threading.Thread(target=writes) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        lost, lines = ring.take(7)
        seen, dropped = seen + len(lines), dropped + lost
    lost, lines = ring.take(50)
    assert seen + len(lines) + dropped + lost == 2000
