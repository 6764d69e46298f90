"""The codes of people, sign-in and the audit; a part of ``protocol.crm.codes.CODES``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from protocol.crm.code import Code
from protocol.crm.code import worded as _c

PEOPLE_CODES: Mapping[str, Code] = MappingProxyType({
    "wrong_login": _c("Логин или пароль неверен.", "The login or the password is wrong.",
        "Проверьте раскладку клавиатуры и Caps Lock. Забытый пароль заменит владелец: попросите новую ссылку.",
        "Check the keyboard's layout and Caps Lock. An owner replaces a forgotten password: ask for a new link."),
    "wrong_old_password": _c("Нынешний пароль указан неверно.", "The present password is wrong.",
        "Введите пароль, с которым вы вошли.", "Enter the password that you signed in with."),
    "too_many_sign_ins": _c("Слишком много попыток входа.", "Too many tries to sign in.",
        "Подождите, сколько говорит Retry-After, или попросите владельца о новой ссылке: она впускает сразу.",
        "Wait as long as Retry-After says, or ask an owner for a new link: it lets you in at once."),
    "weak_password": _c("Этот пароль не подходит.", "This password will not do.",
        "Придумайте другой: не короче 10 знаков, не логин и не из самых известных.",
        "Think of another: at least 10 characters, not the login and none of the best known."),
    "session_over": _c("Вы не вошли, или вход закончился.", "You are not signed in, or no longer.",
        "Войдите снова.", "Sign in again."),
    "csrf_missing": _c("В запросе нет верного знака сессии.", "The request lacks the session's token.",
        "Откройте страницу заново.", "Open the page anew."),
    "foreign_origin": _c("Запрос пришёл с чужого сайта.", "The request comes from another site.",
        "Откройте страницы KassaBridge по их собственному адресу.", "Open KassaBridge's pages at their own address."),
    "invitation_unknown": _c("Такого приглашения нет, или им уже воспользовались.",
        "There is no such invitation, or it was used already.",
        "Попросите владельца о новой ссылке.", "Ask an owner for a new link."),
    "invitation_over": _c("Срок приглашения истёк.", "The invitation has expired.",
        "Попросите владельца о новой ссылке.", "Ask an owner for a new link."),
    "unknown_user": _c("Такого человека нет.", "There is no such person.", "Проверьте user_id.", "Check the user_id."),
    "unknown_key": _c("Такого ключа нет.", "There is no such key.", "Проверьте key_id.", "Check the key_id."),
    "login_taken": _c("Этот логин уже занят.", "This login is taken.",
        "Возьмите другой; логин один на весь сервер.", "Take another; a login is one person's on the whole server."),
    "last_owner": _c("Это последний владелец, который может войти.", "This is the last owner who can sign in.",
        "Сначала сделайте владельцем кого-то ещё и дождитесь, пока он войдёт.",
        "First make somebody else an owner, and wait until they have signed in."),
    "user_dismissed": _c("Этот человек уволен.", "This person has been dismissed.",
        "Сначала верните его: dismissed: false.", "Bring them back first: dismissed: false."),
    "person_needed": _c("Это делает только человек, который вошёл.", "Only a person who has signed in can do this.",
        "Войдите: ключом здесь не обойтись.", "Sign in: a key is of no use here."),
    "unknown_proposal": _c("Такого предложения нет.", "There is no such proposal.", "Проверьте proposal_id.",
        "Check the proposal_id."),
    "proposal_over": _c("По этому предложению уже решили.", "This proposal has been decided already.",
        "Прочитайте задание заново.", "Read the job again."),
    "second_person": _c("Своё предложение подтверждает другой человек.", "Another person confirms what you proposed.",
        "Попросите владельца или управляющего.", "Ask an owner or a manager."),
})  # fmt: skip
