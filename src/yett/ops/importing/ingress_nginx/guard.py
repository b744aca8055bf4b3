"""Who could enter."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from yett.ops.importing import ours
from yett.ops.importing.model import Draft
from yett.ops.importing.source import Source

_OTHER_GUARDS = {
    "auth-type": "people had passwords of a file",
    "auth-secret": "people had passwords of a file",
    "auth-tls-secret": "clients had certificates",
    "auth-tls-verify-client": "clients had certificates",
    "whitelist-source-range": "only some addresses were let in",
    "allowlist-source-range": "only some addresses were let in",
    "denylist-source-range": "some addresses were kept out",
    "enable-global-auth": "who may was said for the whole controller",
    "auth-snippet": "NGINX's own directives decided",
    "configuration-snippet": "NGINX's own directives may have decided",
    "server-snippet": "NGINX's own directives may have decided",
    "auth-method": "the question was asked in another way",
}


@dataclass(slots=True)
class Guard:
    """Who could enter."""

    is_public: bool
    groups: list[str]
    source: str


def guard_of(notes: Source, draft: Draft) -> Guard:
    """Who could enter. What cannot be said here closes the door."""
    closed = []
    for key, why in _OTHER_GUARDS.items():
        value = notes.peek(key)
        if value in (None, "") or (key == "auth-tls-verify-client" and value == "off"):
            continue
        notes.take(key)
        if key == "enable-global-auth" and str(value).lower() == "false":
            continue
        draft.left(
            notes.where(key),
            value,
            f"{why}, and that has no equivalent",
            "nobody may now: say who may (`groups`)",
        )
        closed.append(key)
    address = notes.text("auth-url")
    groups = _groups_of(address, notes, draft) if address else []
    if closed:
        return Guard(is_public=False, groups=[ours.NOBODY], source=", ".join(closed))
    if not address:
        return Guard(is_public=True, groups=[], source="it had no auth-url: everybody could reach it")
    return Guard(is_public=False, groups=groups, source="auth-url")


def _groups_of(address: str, notes: Source, draft: Draft) -> list[str]:
    """The groups that the question named (oauth2-proxy); what else it asked for is told."""
    try:
        asked = parse_qs(urlsplit(address).query, max_num_fields=100)
    except ValueError:
        draft.left(notes.where("auth-url"), address, "cannot be read", "say who may (`groups`)")
        return [ours.NOBODY]
    named = [name for text in asked.pop("allowed_groups", []) for name in text.split(",") if name]
    found = ours.members(draft, notes.where("auth-url"), named)
    for key in sorted(asked.keys() - {"rd"}):
        draft.left(
            notes.where("auth-url"),
            f"{key}={', '.join(asked[key])}",
            "was asked for, and has no equivalent",
            "nobody may now: say who may (`groups`)",
        )
        found = [ours.NOBODY]
    if not named and not asked:
        draft.left(
            notes.where("auth-url"),
            address,
            "whom it let in is said elsewhere; now everybody may who signs in",
            "say who may (`groups`), if not everybody",
        )
    return found
