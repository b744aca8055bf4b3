"""Personal access tokens: people make them for their own programs, and take them back.

Read `model` and `rules`, then `shelf` (where they are kept, and found without waiting), `service`, `letters`
and `expiry`. Their page is the sign-in room's: `/profile/tokens`.
"""

from yett.oidc.personal.commands import PersonalTokenCommands
from yett.oidc.personal.config import PersonalScopeSettings, PersonalTokenSettings
from yett.oidc.personal.expiry import PersonalExpiry
from yett.oidc.personal.letters import Letters as PersonalLetters
from yett.oidc.personal.model import (
    ACCOUNT,
    APPLICATIONS,
    METHOD,
    Made,
    NotMade,
    PersonalAccess,
    PersonalToken,
    TokenGone,
)
from yett.oidc.personal.service import Personal

__all__ = [
    "ACCOUNT",
    "APPLICATIONS",
    "METHOD",
    "Made",
    "NotMade",
    "Personal",
    "PersonalAccess",
    "PersonalExpiry",
    "PersonalLetters",
    "PersonalScopeSettings",
    "PersonalToken",
    "PersonalTokenCommands",
    "PersonalTokenSettings",
    "TokenGone",
]
