"""The demo's folder: made at the first start, left alone at every later one."""

import os
import re
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from yett.identity import LocalUser, LocalUsers, Person, UsersFileBroken, UsersFileRefused
from yett.kernel import CommandFailed

SIGN_IN_HOST = "yett.localhost"
APPLICATION_HOST = "app.yett.localhost"
_FAVOURITE_PORT = 8443
_LONGEST_SOCKET = 100
"""Bytes of a path; the kernel takes 107 for the address of a socket (unix(7))."""
_ADDRESSABLE = re.compile(r"[!-~]+")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

_CONFIGURATION = """\
# The demo's configuration. Change it while the demo runs: most settings take effect within a second.
# `yett reference settings` explains every key.

[service]
hostname = "{sign_in_host}"
port = {port}
network_interface = "127.0.0.1"

[cluster]
cluster_path = {data}

[[proxy.mapping]]
app = "Demo application"
host = "{application_host}"
service = {service}
groups = ["staff"]
"""

_PEOPLE = """\
The demo's people. Their passwords were made at random at the first start.

{lines}
"""


class Hasher(Protocol):
    """Makes the hash that is kept in place of a password."""

    def __call__(self, password: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where everything of the demo is."""

    root: Path

    @property
    def configuration(self) -> Path:
        return self.root / "yett.toml"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def people(self) -> Path:
        return self.root / "people.txt"

    @property
    def socket(self) -> Path:
        return self.root / "demo.sock"

    def passwords(self) -> dict[str, str]:
        """The demo's people and their passwords, as they were written down at the first start."""
        found = {}
        for line in self.people.read_text().splitlines():
            words = line.split()
            if len(words) >= 3 and words[1] == "password":
                found[words[0]] = words[2]
        return found


def prepare(root: Path, hash_password: Hasher, *, say: Callable[[str], None]) -> DemoFolder:
    """The folder, made if it is not there. CommandFailed says what is in the way."""
    folder = DemoFolder(root.resolve())
    if folder.configuration.exists():
        return folder
    if len(os.fsencode(folder.socket)) > _LONGEST_SOCKET:
        raise CommandFailed(f"the path {folder.root} is too long for a socket; use a shorter one")
    if not _ADDRESSABLE.fullmatch(str(folder.root)):
        raise CommandFailed(
            f"the path {folder.root} holds spaces or letters beyond ASCII, which the address of an "
            "application cannot; name another with --folder"
        )
    say(f"making the demo in {folder.root}")
    try:
        _fill(folder, hash_password)
    except OSError as problem:
        raise CommandFailed(f"cannot make {folder.root}: {problem.strerror}") from problem
    except (UsersFileBroken, UsersFileRefused) as problem:
        raise CommandFailed(f"{folder.data} holds a users file that cannot be used: {problem}") from problem
    return folder


def _fill(folder: DemoFolder, hash_password: Hasher) -> None:
    folder.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.data.mkdir(exist_ok=True, mode=0o700)
    _add_people(folder, hash_password)
    # The configuration comes last: where it is, everything is.
    _write(
        folder.configuration,
        _CONFIGURATION.format(
            sign_in_host=SIGN_IN_HOST,
            application_host=APPLICATION_HOST,
            port=_free_port(),
            data=_toml(str(folder.data)),
            service=_toml(f"unix:{folder.socket}"),
        ),
    )


def _add_people(folder: DemoFolder, hash_password: Hasher) -> None:
    users = LocalUsers(folder.data / "users.toml")
    lines = []
    for name, display_name, groups, note in (
        ("alice", "Alice Archer", ("staff",), "in the group staff: may enter"),
        ("bob", "Bob Baker", (), "in no group: is refused"),
    ):
        if users.get(name) is not None:
            users.remove(name)
        password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
        person = Person(
            name=name,
            display_name=display_name,
            email=f"{name}@example.org",
            groups=groups,
            is_disabled=False,
            source=users.name,
        )
        users.add(LocalUser(person=person, password_hash=hash_password(password)))
        lines.append(f"{name:<8}password {password}   {note}")
    _write(folder.people, _PEOPLE.format(lines="\n".join(lines)))


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    draft = path.with_suffix(".draft")
    # A draft that was left behind may be open to others, and a file keeps the mode it was made with.
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def _toml(text: str) -> str:
    """A printable text as a TOML string; `${` would be taken for a variable."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${") + '"'


def _free_port() -> int:
    """The usual port, or one that is free when somebody has it already."""
    for port in (_FAVOURITE_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CommandFailed("no port is free on 127.0.0.1")
