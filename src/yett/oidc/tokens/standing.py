"""Whether what tokens rest on still stands: the client, the person, the session.

All of them are looked up in local memory, each time.
"""

from typing import Protocol

from yett.identity import Person, fold_name
from yett.oidc.clients import Client
from yett.oidc.tokens import rules
from yett.oidc.tokens.model import OFFLINE, Family, Issued, Unissued
from yett.sessions import Session


class Sessions(Protocol):
    """The sessions that tokens rest on."""

    def find(self, ref: str) -> Session | None: ...
    def is_live(self, ref: str) -> bool: ...


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Clients(Protocol):
    """Who may have tokens, now."""

    def get(self, client_id: str, /) -> Client | None: ...


class Standing:
    """Who may have what, now."""

    def __init__(self, clients: Clients, sessions: Sessions, directory: Directory) -> None:
        self._clients = clients
        self._sessions = sessions
        self._directory = directory

    def person(self, client: Client, user: str, sign_on_ref: str) -> Person | Unissued | None:
        """The person whom tokens are for, or why there can be none; None where the client acts for itself."""
        if not user:
            return Unissued.NAMESAKE if self._is_somebody(client.client_id) else None
        person = self._directory.person(user)
        fault = rules.judge_person(client, user, person)
        if fault is None and sign_on_ref and not self._sessions.is_live(sign_on_ref):
            fault = Unissued.OVER
        return fault or person

    def _is_somebody(self, client_id: str) -> bool:
        """Whether a person has a client's id for a name; the client gives way, also if it was there before."""
        name = fold_name(client_id)
        return name is not None and self._directory.person(name) is not None

    def person_of(self, client: Client, family: Family) -> Person | Unissued | None:
        """The same for what was granted before, and by whoever has the name now."""
        is_offline = family.is_offline and OFFLINE in client.scopes
        person = self.person(client, family.user, "" if is_offline else family.sign_on_ref)
        if isinstance(person, Person) and person.entry != family.entry:
            return Unissued.PERSON
        return person

    def is_client(self, client_id: str) -> bool:
        """Whether there is such a client."""
        return self._clients.get(client_id) is not None

    def session_ends_at(self, sign_on_ref: str) -> float | None:
        """When a session is over however much it is used; None for none."""
        session = self._sessions.find(sign_on_ref) if sign_on_ref else None
        return None if session is None else session.ends_at

    def is_good(self, family: Family, issued: Issued, now: float) -> bool:
        """Whether an access token of a family is good at this instant."""
        return now < issued.expires_at and self.still_stands(family)

    def still_stands(self, family: Family) -> bool:
        """Whether anything of a family is."""
        client = self._clients.get(family.client_id)
        if client is None:
            return False
        return not isinstance(self.person_of(client, family), Unissued)
