"""Tags as the fiscal drive keeps them: number and length of two bytes each, then the value."""

from .client import le, number

STRUCTURES = {1059, 1115, 1119, 1223, 1224, 1256, 1260, 1261, 1270, 1291, 1084, 1174, 1194, 1157, 1158, 1163}
STRUCTURES |= {1129, 1130, 1131, 1132, 1133, 1145, 1146, 1068}

Tags = list[tuple[int, "bytes | Tags"]]


def tag(num: int, value: bytes) -> bytes:
    return le(num, 2) + le(len(value), 2) + value


def text(num: int, value: str, width: int = 0) -> bytes:
    return tag(num, value.encode("cp866").ljust(width))


def parse(data: bytes) -> Tags:
    """Every record of *data*; a record cut short fails."""
    found: Tags = []
    at = 0
    while at < len(data):
        num, size = number(data[at : at + 2]), number(data[at + 2 : at + 4])
        value = data[at + 4 : at + 4 + size]
        assert len(value) == size, f"tag {num} is cut short"
        found.append((num, parse(value) if num in STRUCTURES else value))
        at += 4 + size
    return found


def numbers(tags: Tags) -> list[int]:
    return [num for num, _ in tags]


def every(tags: Tags, num: int) -> "list[bytes | Tags]":
    return [value for found, value in tags if found == num]


def one(tags: Tags, num: int) -> "bytes | Tags":
    values = every(tags, num)
    assert len(values) == 1, f"tag {num} stands {len(values)} times in {numbers(tags)}"
    return values[0]


def raw(tags: Tags, num: int) -> bytes:
    value = one(tags, num)
    assert isinstance(value, bytes)
    return value


def inside(tags: Tags, num: int) -> Tags:
    value = one(tags, num)
    assert isinstance(value, list)
    return value


def integer(tags: Tags, num: int) -> int:
    return number(raw(tags, num))


def string(tags: Tags, num: int) -> str:
    return raw(tags, num).decode("cp866")
