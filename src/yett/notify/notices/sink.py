"""From records of the log to notices, in the thread that writes the log."""

from collections.abc import Callable

from yett.events import Declaration, Record, Sensitivity
from yett.notify.notices import rules
from yett.notify.notices.model import Notice


class NoticeSink:
    """An output of the log that picks out what operators want to be told of.

    `wants` answers whether any rule does; it is asked once for each event until `forget`.
    `is_own` tells records of telling itself by their request id: whatever sending a notice makes
    the gateway say is no reason for another.
    """

    def __init__(
        self,
        tell: Callable[[Notice], None],
        wants: Callable[[Declaration], bool],
        is_own: Callable[[str], bool],
        node: str,
    ) -> None:
        self._tell = tell
        self._wants = wants
        self._is_own = is_own
        self._node = node
        self._known: dict[Declaration, bool] = {}

    def forget(self) -> None:
        """The rules have changed."""
        self._known = {}

    def write(self, records: list[Record]) -> None:
        known = self._known
        for record in records:
            declaration = record.declaration
            is_wanted = known.get(declaration)
            if is_wanted is None:
                is_wanted = known[declaration] = self._wants(declaration)
            if is_wanted and not self._is_own(record.request_id):
                self._tell(notice_of(record, self._node))

    def close(self) -> None:
        """There is nothing to close."""


def notice_of(record: Record, node: str) -> Notice:
    """What a record says, sorted by who may be told."""
    declaration = record.declaration
    pairs = list(zip(declaration.fields, record.values, strict=True))
    user = next((str(value) for field, value in pairs if field.name == "auth.user_id"), record.user)
    public = [(field.name, value) for field, value in pairs if field.sensitivity is Sensitivity.PUBLIC]
    personal = [
        (field.name, value)
        for field, value in pairs
        if field.sensitivity is Sensitivity.SENSITIVE and field.name != "auth.user_id"
    ]
    if record.client_address:
        personal.append(("server.request.client_ip", record.client_address))
    return Notice(
        kind=declaration.code,
        severity=rules.severity_of(declaration.level),
        text=declaration.message,
        user=user[:200].encode("utf-8", "backslashreplace").decode(),
        fields=rules.plain(public),
        personal=rules.plain(personal),
        is_audit=declaration.audit,
        at=record.at / 1e9,
        node=node,
        request=record.request_id,
    )
