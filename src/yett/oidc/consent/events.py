"""What consent says in the log."""

from yett.events import ERROR, INFO, event
from yett.events.fields import Error, Name, Names, SessionRef, User


@event("oidc.consent", INFO, "Consent given", audit=True)
def given(user: User, client: Name, session: SessionRef, scopes: Names) -> None:
    """A person let an application know what stands in `scopes`. Nothing to do."""


@event("oidc.consent", INFO, "Consent denied", audit=True)
def denied(user: User, client: Name, session: SessionRef) -> None:
    """A person did not let an application know them. It was told. Nothing to do.

    Many of these for one application mean that people do not know why it asks.
    """


@event("oidc.consent", INFO, "Consent withdrawn", audit=True)
def withdrawn(user: User, client: Name, session: SessionRef, revoked: int) -> None:
    """A person took an application's access back; `revoked` sign-ins to it lost their tokens. Nothing to do."""


@event("oidc.consent", ERROR, "Consent not kept")
def not_remembered(user: User, client: Name, error: Error) -> None:
    """A person said yes, and that could not be written down. The client was told to try later. Look at the store."""


@event("oidc.consent", ERROR, "Consent not withdrawn")
def not_withdrawn(user: User, client: Name, error: Error) -> None:
    """A person wanted to take an application's access back and could not. They were told. Look at the store."""
