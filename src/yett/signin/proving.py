"""From a typed password into the flow; the form and the JSON interface both come this way."""

from typing import Protocol

from yett.authn.password import Accepted, Expired, Rejected
from yett.sessions import Session
from yett.signin import rules
from yett.signin.flow import Flow
from yett.signin.model import Method, Outcome, Visitor


class PasswordDoor(Protocol):
    """Checks everybody's passwords."""

    async def verify(self, name: str, password: str) -> Accepted | Expired | Rejected: ...


async def prove_password(
    passwords: PasswordDoor,
    flow: Flow,
    typed: tuple[str, str],
    visitor: Visitor,
    *,
    earlier: Session | None,
    again: bool,
) -> Outcome:
    """What becomes of a typed name and password."""
    match await passwords.verify(*typed):
        case Rejected() as rejected:
            return rules.judge_rejection(rejected)
        case Expired(name):
            return await flow.expired_password(name, visitor)
        case Accepted(name):
            return await flow.proved(name, Method.PASSWORD, visitor, earlier=earlier, again=again)
