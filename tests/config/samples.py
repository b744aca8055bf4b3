"""Sections to read, kept out of the catalogue so that no reference page shows them."""

import enum
from datetime import timedelta
from pathlib import Path

from yett.config import REQUIRED, Moved, Section, Size, catalogue, item, section, setting


class Mode(enum.Enum):
    FAST = "fast"
    SAFE = "safe"


@item()
class Auth:
    """How to sign in at the relay."""

    user: str = setting("", "Name.")
    password: str = setting(REQUIRED, "Password.", secret=True)


@item(named_by="name")
class Backend:
    """One server."""

    name: str = setting(REQUIRED, "What it is called.")
    address: str = setting(REQUIRED, "Where it is.", matches=r"[a-z0-9.:]+", expects="an address")
    client_secret: str = setting("", "Secret.", secret=True)
    weight: int = setting(1, "Share of the requests.", at_least=1, at_most=100)
    zone: str = setting("", "Where it stands.", reloadable=False)


@item()
class Rule:
    """A rule without a name."""

    pattern: str = setting("", "What it is for.")


class Door:
    """The front door."""

    host: str = setting(REQUIRED, "Public name.", matches=r"[a-z.]+", expects="a host name", reloadable=False)
    port: int = setting(443, "Port.", at_least=1, at_most=65535, reloadable=False)
    public_port: int | None = setting(None, "Port outside.", at_least=1)
    tls: bool = setting(True, "Speak TLS.")
    ratio: float = setting(0.5, "Share.", at_least=0.0, at_most=1.0)
    idle: timedelta = setting(timedelta(seconds=75), "Wait.", at_least=timedelta(seconds=1))
    pause: timedelta = setting(timedelta(0), "Pause.")
    max_body: Size = setting(1 << 20, "Largest body.", at_most=1 << 30)
    path: Path | None = setting(Path("/var/lib/x"), "Folder.")
    mode: Mode = setting(Mode.SAFE, "How careful.")
    groups: tuple[str, ...] = setting((), "Who may enter.", at_most=3)
    ports: tuple[int, ...] = setting((80,), "More ports.")
    key: str = setting("", "Key.", secret=True, at_least=8)


class Pool:
    """Servers behind the door."""

    backend: tuple[Backend, ...] = setting((), "The servers.")
    rule: tuple[Rule, ...] = setting((), "The rules.")
    auth: Auth | None = setting(None, "Credentials.")


class Mail:
    """A section below another name."""

    sender: str = setting("", "From.")
    note: str = setting("", "Anything.")


def declared(name: str, model: type, deprecated: dict[str, Moved] | None = None) -> Section:
    section(name, deprecated=deprecated)(model)
    return catalogue.sections.pop(name)


DOOR = declared(
    "door",
    Door,
    {"listen_port": Moved("port", "use port"), "colour": Moved("", "it has no effect")},
)
POOL = declared("pool", Pool, {"from_address": Moved("ring.mail.sender", "use [ring.mail] sender")})
MAIL = declared("ring.mail", Mail)
SECTIONS = (DOOR, POOL, MAIL)
