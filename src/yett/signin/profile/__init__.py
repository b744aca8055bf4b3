"""One's own account: `/profile` and `/api/profile`, where people see and change what they have.

Read `model` and `rules`, then `entry` (who may look, and who may change something), then what can be
done without HTTP (`sessions`, `password`, `language`, `overview`), the pages, and `api`, which offers
the same to programs.

What must stay true: nobody sees or changes anything but their own; whatever changes how somebody signs
in takes a sign-in that was asked for anew; a method that is absent is absent here.
"""

from yett.signin.profile.entry import Portal
from yett.signin.profile.model import Link
from yett.signin.profile.password import OwnPassword, PasswordChanges
from yett.signin.profile.profile import Profile
from yett.signin.profile.tokens_page import TokensPage

__all__ = ["Link", "OwnPassword", "PasswordChanges", "Portal", "Profile", "TokensPage"]
