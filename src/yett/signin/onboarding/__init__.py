"""First contact: `/onboarding`, where somebody with nothing but a password sets up a way to sign in that lasts.

Read `rules` (what comes next for whom), `enrolment` (the half-finished sign-in that is good for enrolling
and nothing else), `invitations` (what operators give to people who cannot prove enough by themselves), then
`pages`. The enrolling itself is the sign-in's own page, `/signin/enrol`.

What must stay true: a password alone sets nothing up where a code can be sent by mail; nobody who has a
factor comes this way; an invitation is good once, for one person, and is kept as a hash.
"""

from yett.signin.onboarding.commands import OnboardingCommands
from yett.signin.onboarding.config import OnboardingSettings
from yett.signin.onboarding.enrolment import Enrolment
from yett.signin.onboarding.invitations import Invitations
from yett.signin.onboarding.pages import Onboarding

__all__ = ["Enrolment", "Invitations", "Onboarding", "OnboardingCommands", "OnboardingSettings"]
