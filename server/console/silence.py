"""Why a PC may be silent. The server sees only that it is: each cause with the one thing to do, the likeliest first."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Cause:
    ru: str
    en: str
    do_ru: str
    do_en: str


_ANEW_RU = "Подключите ПК заново: «Подключить ПК» даёт строку, её копируют целиком. Журнал останется."
_ANEW_EN = "Pair the PC anew: “Pair a PC” gives the line, which is copied whole. The journal stays."

CAUSES = MappingProxyType(
    {
        "off": Cause(
            "ПК выключен или спит.",
            "The PC is off, or asleep.",
            "Включите его: программа соединится сама и доскажет, чем всё кончилось.",
            "Turn it on: the program connects by itself and tells how everything has ended.",
        ),
        "internet": Cause(
            "На ПК нет интернета, или его не пускает межсетевой экран.",
            "The PC has no internet, or a firewall keeps it in.",
            "Проверьте на ПК, открывается ли адрес сервера в браузере. Начатый чек допечатается и без связи.",
            "See whether the server's address opens in a browser there. What has begun is finished all the same.",
        ),
        "not_running": Cause(
            "Программа не запущена: её закрыли, или она остановилась сама, например на заполненном диске.",
            "The program does not run: somebody closed it, or it has stopped by itself, on a full disk for example.",
            "Запустите KassaBridge. Не запускается — «Проверить всё» (kassabridge agent doctor) на ПК назовёт причину.",
            "Start KassaBridge. If it does not start, “Check everything” (kassabridge agent doctor) there says why.",
        ),
        "moved": Cause(
            "Папку программы перенесли: ярлык и автозапуск ведут в пустоту.",
            "The program's folder was moved: its shortcut and its autostart lead nowhere.",
            "Запустите установщик: он исправит ярлыки. Журнал и настройки целы.",
            "Run the installer: it mends the shortcuts. Journal and settings are whole.",
        ),
        "letter": Cause(
            "В адресе сервера на ПК русская буква вместо похожей латинской.",
            "The server's address on the PC has a Cyrillic letter that looks like a Latin one.",
            _ANEW_RU,
            _ANEW_EN,
        ),
        "account": Cause(
            "ПК подключён к другой или несуществующей учётной записи: сервер его не узнаёт.",
            "The PC is paired with another account, or with none: the server does not know it.",
            _ANEW_RU,
            _ANEW_EN,
        ),
    }
)
