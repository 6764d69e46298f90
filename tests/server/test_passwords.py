"""What is a good password, and what its hash costs."""

from __future__ import annotations

import asyncio

import pytest
from argon2 import Parameters
from argon2.low_level import Type
from argon2.profiles import CHEAPEST

from server.problems import Problem
from server.services.passwords import LONGEST, WAITING, Passwords, judge
from server.settings import Settings


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("", "length"),
        ("девять зн", "length"),
        ("я" * (LONGEST + 1), "length"),
        ("ivanova.marina", "login"),
        ("IVANOVA.Marina", "login"),
        ("1234567890", "common"),
        ("ЙЦУКЕНГШЩЗ", "common"),
        ("Password123", "common"),
        ("ababababababab", "common"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused_by_its_rule(password: str, rule: str) -> None:
    with pytest.raises(Problem) as refused:
        judge(password, "ivanova.marina")
    assert refused.value.code == "weak_password"
    assert [error.rule for error in refused.value.errors] == [rule]


@pytest.mark.parametrize("password", ["верный конь 42", "correct horse battery", "🐎🐎🐎 и ещё семь"])
def test_any_letters_will_do(password: str) -> None:
    judge(password, "ivanova")


def test_full_width_letters_are_counted_as_what_they_stand_for() -> None:
    with pytest.raises(Problem):
        judge("ｐａｓｓｗｏｒｄ１２３", "ivanova")


async def test_the_same_password_from_another_keyboard() -> None:
    passwords = Passwords(CHEAPEST)
    known = await passwords.hash("пароль с \u0439")  # one sign
    assert await passwords.check(known, "пароль с \u0438\u0306")  # the same letter, as two
    assert not await passwords.check(known, "пароль с \u0438")


async def test_nobodys_password_is_never_good_and_is_hashed_all_the_same() -> None:
    passwords = Passwords(CHEAPEST)
    assert not await passwords.check(None, "nobody's password")


async def test_a_hash_of_other_parameters_is_old() -> None:
    old = await Passwords(CHEAPEST).hash("верный конь 42")
    today = Passwords(Parameters(Type.ID, 19, 8, 16, time_cost=2, memory_cost=16, parallelism=1))
    assert today.is_old(old)
    assert await today.check(old, "верный конь 42")
    assert not today.is_old(await today.hash("верный конь 42"))


def test_the_servers_own_parameters_are_those_of_rfc_9106() -> None:
    own = Settings().hashing
    assert (own.type, own.time_cost, own.memory_cost, own.parallelism) == (Type.ID, 3, 65536, 4)


async def test_more_than_can_be_hashed_soon_are_sent_away() -> None:
    passwords = Passwords(CHEAPEST)
    waiting = [asyncio.ensure_future(passwords.hash("верный конь 42")) for _ in range(WAITING + 5)]
    found = await asyncio.gather(*waiting, return_exceptions=True)
    away = [one.code for one in found if isinstance(one, Problem)]
    assert away == ["too_many_sign_ins"] * 5
