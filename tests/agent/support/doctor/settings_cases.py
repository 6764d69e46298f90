"""Faults of the configuration, the pairing and the data folder: in real files."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import replace

from agent import keys
from agent.identity import identity_path, load_identity, save_identity
from agent.sealing import NotOpened
from tests.agent.support.doctor.clinic import Case, Clinic


def cyrillic_letter_in_the_url(pc: Clinic) -> None:
    pc.write(server_url="https://kаssa.example.ru")


def no_file(pc: Clinic) -> None:
    pc.config.unlink()


def a_folder_for_a_file(pc: Clinic) -> None:
    pc.config.unlink()
    pc.config.mkdir()


def no_register_in_it(pc: Clinic) -> None:
    text = pc.config.read_text("utf-8").partition("[[devices]]")[0]
    pc.config.write_text(text, "utf-8")
    pc.journal(lambda tx: [tx.write_device(replace(row, released=True), "test") for row in tx.devices()])
    pc.tell(devices=())


def unknown_driver(pc: Clinic) -> None:
    pc.write(driver="shtrikh")


def two_registers_at_one_place(pc: Clinic) -> None:
    pc.write(more=f'[[devices]]\nkkm_id = "18"\ndriver = "shtrih"\naddress = "{pc.address}"\n')
    assert pc.status is not None
    first = pc.status.devices[0]
    pc.tell(devices=(first, replace(first, kkm_id="18")))


def never_paired(pc: Clinic) -> None:
    identity_path(pc.data).unlink()


def an_unreadable_pairing(pc: Clinic) -> None:
    identity_path(pc.data).unlink()
    identity_path(pc.data).mkdir()


def a_damaged_pairing(pc: Clinic) -> None:
    path = identity_path(pc.data)
    path.write_bytes(path.read_bytes()[:100])


class AnotherPc:
    """Seals as Windows does, and as no other PC can open it."""

    name = "dpapi-machine"

    def seal(self, secret: bytes) -> bytes:
        return secret[::-1]

    def open(self, sealed: bytes) -> bytes:
        raise NotOpened("CryptUnprotectData", 13)


def data_of_another_pc(pc: Clinic) -> None:
    save_identity(pc.data, load_identity(pc.data), AnotherPc())


def a_spoilt_key(pc: Clinic) -> None:
    pc.identity(private_key=keys.new_private_key()[:20])


def a_key_for_all_to_read(pc: Clinic) -> None:
    identity_path(pc.data).chmod(0o644)


def anothers_key(pc: Clinic) -> None:
    os.chown(identity_path(pc.data), 12345, -1)


def another_server(pc: Clinic) -> None:
    pc.write(server_url="https://another.example.ru")


def a_cyrillic_letter_in_the_pairing(pc: Clinic) -> None:
    pc.identity(server_url="https://kаssa.example.ru")


def _moved(pc: Clinic, name: str) -> None:
    target = pc.folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(pc.data, target)
    pc.data = target
    pc.write()


def data_inside_the_program(pc: Clinic) -> None:
    _moved(pc, "program/data")


def data_in_a_temporary_folder(pc: Clinic) -> None:
    _moved(pc, "temporary/kassa")


def data_in_a_synced_folder(pc: Clinic) -> None:
    _moved(pc, "OneDrive - Shop/kassa")


def data_beside_the_file(pc: Clinic) -> None:
    pc.write(data_dir="data")


def a_folder_that_takes_no_writing(pc: Clinic) -> None:
    """Not by rights: these tests may run as root, whom no rights stop."""

    def refused(_: int) -> None:
        raise OSError(errno.EROFS, "read-only")

    pc.set(fsync=refused)


def a_disk_that_loses_what_is_written(pc: Clinic) -> None:
    def lost(_: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    pc.set(fsync=lost)


def a_full_disk(pc: Clinic) -> None:
    with open("/dev/full", "wb", buffering=0) as full:  # the real refusal of a full device
        try:
            full.write(b"1")
        except OSError as error:
            real = error

    def refused(_: int) -> None:
        raise real

    pc.set(fsync=refused)


def a_nearly_full_disk(pc: Clinic) -> None:
    pc.set(free=lambda _: 100 << 20)


def a_filling_disk(pc: Clinic) -> None:
    pc.set(free=lambda _: 700 << 20)


def a_second_data_folder(pc: Clinic) -> None:
    (pc.folder / "own").mkdir()
    shutil.copy(identity_path(pc.data), pc.folder / "own")


CASES = (
    Case("config.file", "bad_config", cyrillic_letter_in_the_url),
    Case("config.file", "no_config", no_file),
    Case("config.file", "config_unreadable", a_folder_for_a_file),
    Case("config.devices", "no_device", no_register_in_it),
    Case("config.devices", "bad_device", unknown_driver),
    Case("config.devices", "one_place_twice", two_registers_at_one_place),
    Case("pairing.identity", "not_paired", never_paired),
    Case("pairing.identity", "identity_unreadable", an_unreadable_pairing),
    Case("pairing.identity", "bad_identity", a_damaged_pairing),
    Case("pairing.identity", "key_not_opened", data_of_another_pc),
    Case("pairing.identity", "bad_key", a_spoilt_key),
    Case("pairing.rights", "open_to_others", a_key_for_all_to_read),
    Case("pairing.rights", "another_owner", anothers_key),
    Case("pairing.server", "another_server", another_server),
    Case("pairing.server", "letter", a_cyrillic_letter_in_the_pairing),
    Case("folder.place", "in_program", data_inside_the_program),
    Case("folder.place", "temporary", data_in_a_temporary_folder),
    Case("folder.place", "synced", data_in_a_synced_folder),
    Case("folder.place", "relative", data_beside_the_file),
    Case("folder.writable", "not_writable", a_folder_that_takes_no_writing),
    Case("folder.writable", "flush_failed", a_disk_that_loses_what_is_written),
    Case("folder.writable", "no_space", a_full_disk),
    Case("folder.space", "disk_low", a_nearly_full_disk),
    Case("folder.space", "low_soon", a_filling_disk),
    Case("folder.two", "two_folders", a_second_data_folder),
)
