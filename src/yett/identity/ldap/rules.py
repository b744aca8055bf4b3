"""Decide what an entry means: values in, people and groups out; no I/O."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from yett.identity.ldap.config import DisabledRule, LdapSettings, Members
from yett.identity.ldap.model import LdapGroup, LdapUser, Loss, Unusable
from yett.identity.model import fold_name
from yett.net.ldap import Entry, all_of, escape, name_key

_LONGEST_DN = 4096
_LONGEST_TEXT = 256
_LONGEST_EMAIL = 254
_MOST_DIGITS = 10
_LARGEST_NUMBER = 2**32 - 2
_DISABLED_BIT = 0x2
_HANDFUL = 5
_OFF = {"false", "0", "no", "off"}
_LOCKED = "pwdaccountlockedtime"
_FOR_EVER = "000001010000z"
_TIME = re.compile(r"([0-9]{14})(?:[.,][0-9]+)?(Z|[+-][0-9]{4})")
_EMAIL = re.compile(r"[^@\s<>,;\x00-\x1f\x7f]+@[^@\s<>,;\x00-\x1f\x7f]+")

Keys = Callable[[bytes], str | None]
"""From a name as it came to its key."""


def keys() -> Keys:
    """A memory of names: in groups the same few stand again and again."""
    known: dict[bytes, str | None] = {}

    def find(value: bytes) -> str | None:
        if value not in known:
            known[value] = name_key(value.decode("utf-8", "replace")) if len(value) <= _LONGEST_DN else None
        return known[value]

    return find


def user_attributes(settings: LdapSettings) -> tuple[str, ...]:
    """What has to be asked for to know a person."""
    wanted = [
        settings.name_attribute,
        settings.display_name_attribute,
        settings.email_attribute,
        settings.id_attribute,
        settings.modified_attribute,
        settings.uid_attribute,
        settings.gid_attribute,
    ]
    if settings.disabled_rule is DisabledRule.ACTIVE_DIRECTORY:
        wanted.append("userAccountControl")
    elif settings.disabled_rule is DisabledRule.ATTRIBUTE:
        wanted.append(settings.disabled_attribute)
    return tuple(dict.fromkeys(wanted))


def group_attributes(settings: LdapSettings, *, with_members: bool = True) -> tuple[str, ...]:
    """What has to be asked for to know a group."""
    wanted = [settings.group_name_attribute, settings.id_attribute, settings.modified_attribute]
    return tuple(dict.fromkeys([*wanted, settings.member_attribute] if with_members else wanted))


def read_user(entry: Entry, settings: LdapSettings, key_of: Keys) -> tuple[LdapUser, bool] | Unusable:
    """A person, and whether it was clear if they are disabled; unclear is disabled."""
    key = key_of(entry.dn.encode())
    if key is None:
        return Unusable.SIZE if len(entry.dn) > _LONGEST_DN else Unusable.NAME
    name = _name(entry, settings.name_attribute)
    if name is None:
        return Unusable.NAME
    disabled = is_disabled(entry, settings)
    user = LdapUser(
        id=_id(entry, settings, key),
        key=key,
        dn=entry.dn,
        name=name,
        display_name=_text(entry, settings.display_name_attribute) or name,
        email=_email(entry, settings.email_attribute),
        is_disabled=disabled is not False,
        modified=_modified(entry, settings),
        uid=_number(entry, settings.uid_attribute),
        gid=_number(entry, settings.gid_attribute),
    )
    return user, disabled is not None


def read_group(
    entry: Entry, settings: LdapSettings, key_of: Keys, members: Iterable[bytes] = ()
) -> LdapGroup | Unusable:
    """A group; one whose name cannot be ours has none, and is not listed anywhere."""
    key = key_of(entry.dn.encode())
    if key is None:
        return Unusable.NAME
    values = (*_values(entry, settings.member_attribute), *members)
    is_overfull = len(values) > settings.max_members
    return LdapGroup(
        id=_id(entry, settings, key),
        key=key,
        name=_name(entry, settings.group_name_attribute) or "",
        members=frozenset(
            found for value in values if not is_overfull and (found := _member(value, settings, key_of))
        ),
        modified=_modified(entry, settings),
        is_overfull=is_overfull,
    )


def _member(value: bytes, settings: LdapSettings, key_of: Keys) -> str | None:
    if settings.members_are is Members.DN:
        return key_of(value)
    name = fold_name(value.decode("utf-8", "replace"))
    return f"@{name}" if name else None


def next_range(entry: Entry, attribute: str) -> tuple[tuple[bytes, ...], int | None] | None:
    """Values that came as a part, and where the next part begins; None when all came at once.

    Active Directory hands out 1,500 values at a time, under the name "member;range=0-1499".
    """
    begin = f"{attribute.lower()};range="
    for name, values in entry.attributes.items():
        if name.startswith(begin):
            last = name.removeprefix(begin).partition("-")[2]
            return values, int(last) + 1 if last.isascii() and last.isdigit() and len(last) < 10 else None
    return None


def _number(entry: Entry, attribute: str) -> int | None:
    """A number of Unix systems (POSIX has them in 32 bits); None for anything else, and for several."""
    values = _values(entry, attribute)
    text = values[0].decode("ascii", "replace") if len(values) == 1 else ""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number and int(text) <= _LARGEST_NUMBER else None


def is_disabled(entry: Entry, settings: LdapSettings) -> bool | None:
    """Whether the entry says so; None when what it says cannot be understood."""
    match settings.disabled_rule:
        case DisabledRule.ACTIVE_DIRECTORY:
            text = _text(entry, "userAccountControl")
            try:
                return bool(int(text) & _DISABLED_BIT)
            except ValueError:
                return None
        case DisabledRule.ATTRIBUTE:
            return _is_switched_off(entry, settings.disabled_attribute.lower())
        case _:
            return False


def _is_switched_off(entry: Entry, attribute: str) -> bool | None:
    """Whether any value of the attribute says so; None when the only ones that could are unreadable."""
    words = {_printable(value).lower() for value in _values(entry, attribute)} - _OFF
    if attribute == _LOCKED:
        # A lock that guessing brought on passes; it must not let strangers switch people off.
        words = {word for word in words if word == _FOR_EVER or not _TIME.fullmatch(word.upper())}
    return None if words == {""} else bool(words)


def _values(entry: Entry, attribute: str) -> tuple[bytes, ...]:
    return entry.attributes.get(attribute.lower(), ())


def _text(entry: Entry, attribute: str) -> str:
    """The first value as text fit to be shown; empty when there is none."""
    values = _values(entry, attribute)
    return _printable(values[0]) if values else ""


def _printable(value: bytes) -> str:
    if len(value) > 4 * _LONGEST_TEXT:
        return ""
    text = value.decode("utf-8", "replace")[:_LONGEST_TEXT]
    return "".join(character for character in text if character.isprintable()).strip()


def _name(entry: Entry, attribute: str) -> str | None:
    """The one value that is a proper name. With two proper ones it would be a guess."""
    names = {fold_name(value.decode("utf-8", "replace")) for value in _values(entry, attribute)[:8]}
    return names.pop() if len(names) == 1 else None


def _email(entry: Entry, attribute: str) -> str:
    text = _text(entry, attribute)
    return text if len(text) <= _LONGEST_EMAIL and text.isascii() and _EMAIL.fullmatch(text) else ""


def _id(entry: Entry, settings: LdapSettings, key: str) -> str:
    values = _values(entry, settings.id_attribute)
    return values[0].hex() if len(values) == 1 and 0 < len(values[0]) <= 64 else f"={key}"


def _modified(entry: Entry, settings: LdapSettings) -> str:
    values = _values(entry, settings.modified_attribute)
    text = values[0].decode("ascii", "replace") if values else ""
    return text if _TIME.fullmatch(text) else ""


def mark_of(user: LdapUser, settings: LdapSettings) -> str:
    """What stands for a person among the members of a group."""
    return user.key if settings.members_are is Members.DN else f"@{user.name}"


# Asking.


def name_filter(settings: LdapSettings, name: str) -> str:
    """What finds a person by name."""
    return all_of(settings.user_filter, f"({settings.name_attribute}={escape(name)})")


def member_filter(settings: LdapSettings, user: LdapUser) -> str:
    """What finds the groups that a person is directly in."""
    value = user.dn if settings.members_are is Members.DN else user.name
    return all_of(settings.group_filter, f"({settings.member_attribute}={escape(value)})")


def changed_filter(settings: LdapSettings, wanted: str, since: str) -> str:
    """What finds entries changed since a time, or a little before it."""
    return all_of(wanted, f"({settings.modified_attribute}>={before(since, settings.delta_overlap)})")


def instant(text: str) -> datetime:
    """The time in a generalized time (RFC 4517, section 3.3.13); the beginning of time for what is none."""
    found = _TIME.fullmatch(text)
    if found is not None:
        zone = "+0000" if found[2] == "Z" else found[2]
        try:
            return datetime.strptime(found[1] + zone, "%Y%m%d%H%M%S%z").astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    return datetime.min.replace(tzinfo=UTC)


def _digits(moment: datetime) -> str:
    return f"{moment.year:04}{moment:%m%d%H%M%S}"


def before(text: str, overlap: timedelta) -> str:
    """A time that much earlier, in the form that Active Directory and others both read."""
    try:
        earlier = instant(text) - overlap
    except OverflowError:
        earlier = instant("")
    return f"{_digits(earlier)}.0Z"


def newest(times: Iterable[str], known: str) -> str:
    """The latest of the times."""
    return max((known, *times), key=_order)


def _order(text: str) -> str:
    # Nearly all are in UTC; reading each as a time would hold everybody up.
    return text[:14] if text.endswith("Z") else _digits(instant(text))


# Judging.


def is_too_much(loss: Loss, known: Loss, most: int) -> bool:
    """Whether so many would go that a mistake is likelier: more than `most` percent, and more than a handful."""
    pairs = (
        (loss.people, known.people),
        (loss.groups, known.groups),
        (loss.memberships, known.memberships),
    )
    return any(lost > _HANDFUL and lost * 100 > total * most for lost, total in pairs)
