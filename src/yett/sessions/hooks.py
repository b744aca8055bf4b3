"""Who is told of sessions that begin and end, and who is asked whether one may go on.

Other rooms connect to the signals. Callbacks and validators are registered by name, so that the
log tells who took part.
"""

import inspect
from collections.abc import Awaitable, Callable

from yett.events import describe
from yett.kernel import Signal
from yett.sessions import events
from yett.sessions.model import Ended, Session

CreateCallback = Callable[[Session], None]
DeleteCallback = Callable[[str, str], None]
"""Called with ref and owner."""
DeleteV2Callback = Callable[[Ended], None]
ExtendValidator = Callable[[Session], bool | Awaitable[bool]]
"""Whether the session may go on, as far as the validator knows."""


class Hooks:
    """Signals, callbacks and validators of one `Sessions`."""

    def __init__(self) -> None:
        self.created: Signal[Session] = Signal("sessions.created")
        self.ended: Signal[Ended] = Signal("sessions.ended")
        self._on_create: list[tuple[str, CreateCallback]] = []
        self._on_delete: list[tuple[str, DeleteCallback]] = []
        self._on_delete_v2: list[tuple[str, DeleteV2Callback]] = []
        self._validators: list[tuple[str, ExtendValidator]] = []

    def on_create(self, name: str, callback: CreateCallback) -> None:
        self._on_create.append((name, callback))
        events.create_callback_registered(callback=name)

    def on_delete(self, name: str, callback: DeleteCallback) -> None:
        self._on_delete.append((name, callback))
        events.delete_callback_registered(callback=name)

    def on_delete_v2(self, name: str, callback: DeleteV2Callback) -> None:
        self._on_delete_v2.append((name, callback))
        events.delete_v2_callback_registered(callback=name)

    def add_extend_validator(self, name: str, validator: ExtendValidator) -> None:
        self._validators.append((name, validator))
        events.validator_registered(validator=name)

    def tell_created(self, session: Session) -> None:
        """Tell everybody of a new session; whoever cannot cope is recorded."""
        for name, callback in self._on_create:
            try:
                callback(session)
            except Exception as problem:  # noqa: BLE001 - one part's fault must not keep a person from signing in
                events.callback_panicked(step=events.Step.CREATE, callback=name, error=describe(problem))
        self.created.send(session)

    def tell_ended(self, ended: Ended) -> None:
        """Tell everybody of a session that is over; whoever cannot cope is recorded."""
        session = ended.session
        for name, callback in self._on_delete:
            try:
                callback(session.ref, session.module_key)
            except Exception as problem:  # noqa: BLE001 - one part's fault must not keep the others from hearing
                events.callback_panicked(step=events.Step.DELETE, callback=name, error=describe(problem))
        for name, callback_v2 in self._on_delete_v2:
            try:
                callback_v2(ended)
            except Exception as problem:  # noqa: BLE001 - as above
                events.callback_panicked(step=events.Step.DELETE_V2, callback=name, error=describe(problem))
        self.ended.send(ended)

    async def may_go_on(self, session: Session) -> bool:
        """Whether every validator agrees. One that fails does not."""
        for name, validator in self._validators:
            try:
                answer = validator(session)
                agrees = await answer if inspect.isawaitable(answer) else answer
            except Exception as problem:  # noqa: BLE001 - fails closed: no answer is a refusal, and it is recorded
                events.validator_failed(session=session.ref, validator=name, error=describe(problem))
                agrees = False
            if agrees is not True:
                events.extension_rejected(session=session.ref, module_key=session.module_key, validator=name)
                return False
        return True
