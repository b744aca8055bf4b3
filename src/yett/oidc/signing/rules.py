"""When keys come and go: values in, the keys that should be out.

A key is made, published a day ahead of its use, signs until the next one does, and stays published
until the last token that it signed is over. Nothing here waits, reads a clock or makes a key.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from yett.oidc.signing.model import Algorithm, Key, Making, Plan

AHEAD = 86400.0
"""Seconds that a key is published before it signs; whoever keeps the key set has looked again by then."""
SOON = 900.0
"""The same when an operator asks for new keys: three times as long as the key set may be kept."""
KEPT = 86400.0
"""Seconds that a key stays published at least after it stopped signing."""
_SLACK = 3600.0
"""Seconds that a key stays published after what it signed is over, for clocks that are late."""
COARSE = 86400.0
"""How far ahead of a token's end its key is noted as needed, so that it is noted once a day and not with each token."""


def plan(
    keys: Iterable[Key],
    *,
    wanted: Iterable[Algorithm],
    own: Mapping[Algorithm, Key],
    usable: Collection[str],
    now: float,
    rotation: float,
    giving_way: Collection[str] = (),
) -> Plan:
    """What the keys should be, and which are still to be made.

    `own` are those of the operator's files, which nothing is made beside. `usable` are the ids of kept keys whose
    private half can be opened here; others are only checked with, and left to whoever can open them, for as long as
    somebody could be there who does. `giving_way` are the ids of those that another is to be made for soon.
    """
    wanted = tuple(wanted)
    kept = [key for key in keys if not _is_over(key, now)]
    making: list[Making] = []
    for algorithm, key in own.items():
        known = next((each for each in kept if each.kid == key.kid), None)
        if known is None:
            kept.append(key)
        elif known.retired_at:
            # The operator went back to it.
            kept[kept.index(known)] = replace(known, retired_at=0.0, use_from=now)
        kept = [_retired(each, now) if _gives_way(each, algorithm, key.kid) else each for each in kept]
    for algorithm in Algorithm:
        if algorithm in own:
            continue
        kept = [
            _retired(each, now)
            if each.algorithm is algorithm
            and (each.is_operators or _is_abandoned(each, usable, now=now, rotation=rotation))
            else each
            for each in kept
        ]
        mine = sorted(
            (
                each
                for each in kept
                if each.algorithm is algorithm and each.kid in usable and not each.retired_at
            ),
            key=lambda each: (each.use_from, each.kid),
        )
        if algorithm not in wanted:
            kept = [_retired(each, now) if each in mine else each for each in kept]
            continue
        current = next((each for each in reversed(mine) if each.use_from <= now), None)
        if current is None:
            if not mine:
                making.append(Making(algorithm, now))
            continue
        kept = [
            _retired(each, current.use_from) if _is_before(each, current, mine) else each for each in kept
        ]
        if mine[-1] is current and current.kid in giving_way:
            making.append(Making(algorithm, now + SOON))
        elif mine[-1] is current and now >= current.use_from + rotation - AHEAD:
            making.append(Making(algorithm, max(current.use_from + rotation, now + SOON)))
    return Plan(tuple(kept), tuple(making))


def signing_key(keys: Iterable[Key], algorithm: Algorithm, usable: Collection[str], now: float) -> Key | None:
    """The key that signs at this instant. Where none is due yet, after a clock went back, the first that will be."""
    mine = [
        key
        for key in keys
        if key.algorithm is algorithm and key.kid in usable and not 0 < key.retired_at <= now
    ]
    due = [key for key in mine if key.use_from <= now]
    if due:
        return max(due, key=lambda key: (key.use_from, key.kid))
    return min(mine, key=lambda key: (key.use_from, key.kid), default=None)


def next_change(keys: Iterable[Key], now: float) -> float:
    """The next instant at which another key signs; never, as far as is known, when infinite."""
    instants = [instant for key in keys for instant in (key.use_from, key.retired_at) if instant > now]
    return min(instants, default=float("inf"))


def merged(kept: Iterable[Key], needed: Mapping[str, float]) -> tuple[Key, ...]:
    """The keys, oldest first, needed for as long as this node knows that they are."""
    merged = (
        replace(key, needed_until=needed[key.kid]) if needed.get(key.kid, 0.0) > key.needed_until else key
        for key in kept
    )
    return tuple(sorted(merged, key=lambda key: (key.made_at, key.kid)))


def _is_over(key: Key, now: float) -> bool:
    return bool(key.retired_at) and now > max(key.retired_at + KEPT, key.needed_until + _SLACK)


def _is_abandoned(key: Key, usable: Collection[str], *, now: float, rotation: float) -> bool:
    """Whether a key is still out that whoever can open it would have replaced, as after a change of the cluster key."""
    return key.kid not in usable and now >= key.use_from + rotation + AHEAD


def _gives_way(key: Key, algorithm: Algorithm, kid: str) -> bool:
    return key.algorithm is algorithm and key.kid != kid


def _is_before(key: Key, current: Key, mine: Collection[Key]) -> bool:
    return key is not current and key in mine and key.use_from <= current.use_from


def _retired(key: Key, instant: float) -> Key:
    return key if key.retired_at else replace(key, retired_at=instant)
