"""How much people may use."""

import re

from yett.ops.importing import ours
from yett.ops.importing.model import Draft, Table
from yett.ops.importing.source import Source

_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def convert_quota(source: Source, draft: Draft) -> None:
    """What everybody may use, what members of groups may, and who has no limits."""
    places: list[tuple[str, Source]] = []
    if source.has("default"):
        places.append(("", source.sub("default")))
    groups = source.sub("groups")
    for name in groups.table:
        if ours.groups(draft, groups.where(name), [name]):
            places.append((name, groups.sub(name)))
        else:
            groups.take(name)
    for group, quota in places:
        table = draft.item("tokens.quota", quota.where())
        table.put("group", group or None, "")
        for kind in ("api", "disk"):
            given = quota.sub(kind)
            for name in given.table:
                _amount(table, kind, name, given.number(name), given, draft)
        tap = quota.sub("tap")
        for name in tap.table:
            inner = tap.sub(name)
            _amount(table, "tap", name, inner.number("concurrent"), tap, draft)
        notebook = quota.sub("notebook")
        if notebook.table:
            table.put("notebook_cpu", notebook.number("cpu"), notebook.where("cpu"))
            table.put("notebook_memory", notebook.number("memory"), notebook.where("memory"))
            table.put(
                "notebook_spawn",
                None if notebook.flag("spawn", default=True) else False,
                notebook.where("spawn"),
            )
    bypass = ours.groups(draft, source.where("bypass"), source.texts("bypass"))
    draft.section("tokens").put("quota_bypass", bypass, source.where("bypass"))


def _amount(table: Table, kind: str, name: str, amount: float | None, source: Source, draft: Draft) -> None:
    # Names of file systems are paths there.
    service = name.strip("/").replace("/", "-")
    if amount is None or not 0 <= amount <= 1 << 50 or not _SERVICE.fullmatch(service):
        draft.left(source.where(name), amount, "is no quota that can be said here", "set it by hand")
        return
    inner = table.below(kind, source.where(name), is_array=True)
    inner.put("service", service, "")
    inner.put("amount", int(amount), "")


# Objects.
