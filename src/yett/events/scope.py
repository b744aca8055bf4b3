"""What is known about the exchange in progress: carried in a context variable, copied into each record."""

import contextvars
from dataclasses import dataclass


@dataclass(slots=True)
class Scope:
    """One exchange. It is filled in as facts become known, so tasks that share it see them too.

    `unrecorded` is set when an audit record of this exchange could not be written down; whoever
    answers the exchange has to refuse it when the operator asked for that.
    """

    request_id: str = ""
    trace_id: str = ""
    session: str = ""
    user: str = ""
    client_address: str = ""
    unrecorded: bool = False


_NOWHERE = Scope()
_current: contextvars.ContextVar[Scope] = contextvars.ContextVar("yett_scope", default=_NOWHERE)

current_scope = _current.get
"""The scope of the exchange in progress; an empty one outside of any."""

enter_scope = _current.set
"""Make `scope` the current one for this context; the caller keeps the token to go back."""

leave_scope = _current.reset


def is_in_scope() -> bool:
    """Whether any exchange is in progress here."""
    return _current.get() is not _NOWHERE
