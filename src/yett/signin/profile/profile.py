"""Builds and joins everything about one's own account."""

from typing import Protocol
from urllib.parse import urlsplit

from starlette.routing import Route

from yett.kernel import Clock
from yett.signin.flow import Flow
from yett.signin.forms import Forms as SignInForms
from yett.signin.forms import Sealer
from yett.signin.profile.api import API, Passkeys
from yett.signin.profile.app_page import AppPage
from yett.signin.profile.authenticator import OwnApp, Totp
from yett.signin.profile.entry import Entry, Factors, Portal
from yett.signin.profile.home_page import HomePage
from yett.signin.profile.language import ModuleData, OwnLanguage
from yett.signin.profile.overview import Looking
from yett.signin.profile.overview import Passkeys as CountedPasskeys
from yett.signin.profile.password import OwnPassword
from yett.signin.profile.password_page import OwnPasswordPage
from yett.signin.profile.sessions import OwnSessions, Sessions
from yett.signin.profile.sessions_page import Memory, SessionsPage
from yett.signin.steps import Forms


class OwnPasskeys(Passkeys, CountedPasskeys, Protocol):
    """The part of the passkey method that is needed here."""


class Profile:
    """The pages `/profile…` and the calls `/api/profile…`."""

    def __init__(
        self,
        portal: Portal,
        flow: Flow,
        factors: Factors,
        sessions: Sessions,
        memory: Memory,
        data: ModuleData,
        totp: Totp,
        passkeys: OwnPasskeys,
        password: OwnPassword,
        sealer: Sealer,
        sign_in_forms: SignInForms,
        clock: Clock,
        *,
        origin: str,
    ) -> None:
        site = urlsplit(origin).netloc
        forms = Forms(sealer, clock, step="profile", origin=origin)
        own_sessions, language, app = OwnSessions(sessions), OwnLanguage(data), OwnApp(totp)
        self.looking = looking = Looking(totp, passkeys, own_sessions, language, password)
        self.entry = Entry(flow, factors, portal)
        self.routes: list[Route] = [
            *HomePage(self.entry, looking, language, forms, sign_in_forms, site=site).routes,
            *SessionsPage(self.entry, own_sessions, memory, forms, site=site).routes,
            *AppPage(self.entry, looking, app, forms, site=site).routes,
            *OwnPasswordPage(self.entry, password, forms, site=site).routes,
            *API(
                self.entry,
                looking,
                own_sessions,
                memory,
                app,
                password,
                language,
                passkeys,
                origin=origin,
            ).routes,
        ]
