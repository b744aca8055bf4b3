"""Nouns of signing out."""

import enum
from dataclasses import dataclass


class Wrong(enum.Enum):
    """Why a request to sign out is not carried out."""

    MALFORMED = "malformed"
    OTHER_CLIENT = "other_client"
    """The ID token was made for another client than the request names."""
    REDIRECT_URI = "redirect_uri"
    """The address to go to afterwards is none that the client registered."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that is answered with a page; nobody is signed out by it, and nobody sent anywhere."""

    reason: Wrong
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A proper request to sign out."""

    client_id: str = ""
    """Who asks; empty when nobody says."""
    uri: str = ""
    """Where to go afterwards: one that this client registered, or nowhere."""
    state: str = ""
    is_hinted: bool = False
    """Whether an ID token of ours shows that the client knows whom it is about."""
    user: str = ""
    session: str = ""
    """Of that ID token: who, and in which session."""


class Next(enum.Enum):
    """What becomes of a request."""

    SIGN_OUT = "sign_out"
    ASK = "ask"
    """The person has to say that they want it: anybody can lead a browser here."""
    NOTHING = "nothing"
    """Nobody is signed in."""


class Way(enum.Enum):
    """How somebody leaves afterwards."""

    STAY = "stay"
    """A page of ours, and that is it."""
    LINK = "link"
    """A page of ours that says where else they can go."""
    GO = "go"
    """To the client at once."""


@dataclass(frozen=True, slots=True)
class Participant:
    """A client that got tokens in a session, and wants to hear of its end."""

    client_id: str
    user: str
    noted_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Notification:
    """What a client has still to be told. Only who moves `due_at` on may tell it."""

    client_id: str
    user: str
    session: str
    due_at: float
    attempts: int = 0
