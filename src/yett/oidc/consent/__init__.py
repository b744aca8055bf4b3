"""What people allow applications to know: asked for once, remembered, shown, and taken back.

Read `rules` (who is asked for what), then `service` (what is remembered), then `page` (the question) and `profile`
(`/profile/applications`, where people see what they allowed).
"""

from yett.oidc.consent.page import CONSENT, ConsentPage
from yett.oidc.consent.profile import APPLICATIONS, ApplicationsPage
from yett.oidc.consent.rules import Given, Standing
from yett.oidc.consent.service import Consents

__all__ = [
    "APPLICATIONS",
    "CONSENT",
    "ApplicationsPage",
    "ConsentPage",
    "Consents",
    "Given",
    "Standing",
]
