"""The quotas that an administrator puts in force over those of the settings, on every node."""

from typing import Annotated, Any

import msgspec

from yett.events import describe
from yett.store import Change, Follower, Record, Records
from yett.tokens import encoding, events
from yett.tokens.quotas import Notebook, Quota, Quotas

Amount = Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class NotebookForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a notebook may take."""

    cpu: Share
    memory: Share
    spawn: bool = True


class TapForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one may do with a database."""

    concurrent: Amount


class QuotaForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What somebody may use."""

    api: dict[Name, Amount] = {}
    notebook: NotebookForm | None = None
    tap: dict[Name, TapForm] = {}
    disk: dict[Name, Amount] = {}


class QuotasForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everybody's, as the interface has them."""

    default: QuotaForm = QuotaForm()
    groups: dict[Name, QuotaForm] = {}
    bypass: tuple[Name, ...] = ()


def form_of(quota: Quota) -> QuotaForm:
    """A quota as it is written down and sent."""
    notebook = quota.notebook
    return QuotaForm(
        dict(quota.api),
        None if notebook is None else NotebookForm(notebook.cpu, notebook.memory, notebook.spawn),
        {name: TapForm(number) for name, number in quota.tap.items()},
        dict(quota.disk),
    )


def quota_in(form: QuotaForm) -> Quota:
    """The quota that was sent."""
    notebook = form.notebook
    return Quota(
        dict(form.api),
        {name: each.concurrent for name, each in form.tap.items()},
        dict(form.disk),
        None if notebook is None else Notebook(notebook.cpu, notebook.memory, notebook.spawn),
    )


def forms_of(quotas: Quotas) -> QuotasForm:
    """Everybody's as they are written down and sent."""
    groups = {name: form_of(quota) for name, quota in quotas.groups.items()}
    return QuotasForm(form_of(quotas.default), groups, tuple(sorted(quotas.bypass)))


def quotas_in(forms: QuotasForm) -> Quotas:
    """Everybody's that were sent."""
    groups = {name: quota_in(form) for name, form in forms.groups.items()}
    return Quotas(quota_in(forms.default), groups, frozenset(forms.bypass))


def plain(quotas: Quotas) -> Any:
    """Everybody's as plain values."""
    return msgspec.to_builtins(forms_of(quotas))


class Overrides:
    """Keeps them."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.follower = Follower(records, encoding.OVERRIDES, load=self._load, hear=self._hear)
        self.current: Quotas | None = None

    async def _load(self) -> None:
        self._take_over(await self._records.get(encoding.OVERRIDES))

    def _hear(self, change: Change) -> None:
        self._take_over(change.record)

    async def put(self, new: Quotas) -> None:
        """Put them in force. Raises StoreUnavailable."""
        await self._records.put(encoding.OVERRIDES, msgspec.json.encode(forms_of(new)))
        self.current = new

    async def delete(self) -> bool:
        """Take them out of force; whether there were any. Raises StoreUnavailable."""
        was_there = await self._records.delete(encoding.OVERRIDES)
        self.current = None
        return was_there

    def _take_over(self, record: Record | None) -> None:
        if record is None:
            self.current = None
            return
        try:
            self.current = quotas_in(msgspec.json.decode(record.value, type=QuotasForm))
        except msgspec.MsgspecError as problem:
            # What was in force stays: less would be no limits.
            events.overrides_unreadable(error=describe(problem))
