"""What the page of one's own account says in the log.

What a method does (an app set up, a passkey removed, a password changed) it says itself.
"""

from yett.events import INFO, WARN, event
from yett.events.fields import Error, Name, SessionRef, User


@event("profile.init", INFO, "Profile pages registered at /profile")
def registered() -> None:
    """People can manage their own account. `service.enable_portal` switches that off."""


@event("profile.init", INFO, "Profile pages disabled")
def disabled() -> None:
    """`service.enable_portal` is off: people see and change nothing of their account by themselves."""


@event("profile.sessions", INFO, "Session ended by its owner", audit=True)
def session_ended(user: User, session: SessionRef) -> None:
    """The person ended one of their sessions from another. If they say that they did not know it, ask where from."""


@event("profile.sessions", INFO, "Other sessions ended by their owner", audit=True)
def others_ended(user: User, sessions: int) -> None:
    """The person ended all their sessions but the one they did it in. Nothing to do."""


@event("profile.sessions", INFO, "All sessions ended by their owner", audit=True)
def all_ended(user: User, sessions: int) -> None:
    """The person signed out everywhere. If they suspect somebody, look at their sign-ins before it."""


@event("profile.password", INFO, "Sessions ended after password change", audit=True)
def ended_with_password(user: User, sessions: int) -> None:
    """The person has another password, so whoever came in with the old one is out. Nothing to do."""


@event("profile.password", WARN, "Session could not be kept for password change")
def session_not_marked(user: User, error: Error) -> None:
    """The password is as it was; the person was asked to try again. Look at the store."""


@event("profile.preferences", INFO, "Language preference changed")
def language_changed(user: User, language: Name) -> None:
    """The person chose the language of their mails; empty leaves it to their browser. Nothing to do."""
