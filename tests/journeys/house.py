"""A sign-in host with every way in that needs nothing else, and what all of its pages and calls have in common."""

import contextlib
import re
from urllib.parse import urlsplit

from tests.journeys.crowd import Crowd
from tests.journeys.gateway import APP, MAPPING, Gateway, run_apart
from tests.journeys.test_races import populate

PRE, PENDING, SSO, LINKED = "__Host-yett-pre", "__Host-yett-pending", "__Host-yett-sso", "__Host-yett-link"
APPLICATION = "__Host-yett"
SETTINGS = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Yett <yett@example.org>"

[authn.totp]
window = 2

[signin.magiclink]
enabled = true
max_per_email = 1000
max_per_address = 1000

[[oidc.device.client]]
id = "cli"

[signin.mfa]
password = "always"
require_groups = ["staff"]
free_attempts = 1000
"""
PEOPLE = {"ada": "staff", "ben": "staff", "cleo": "staff", "eva": "staff"} | dict.fromkeys(
    ("gus", "hal", "ivy", "jo", "kim", "lou"), "guests"
)
FORMS = ("/signin", "/signin/factor", "/signin/enrol", "/signin/password", "/signin/link", "/signin/link/wait",
         "/signin/link/open", "/device", "/device/decide", "/signout", "/profile/passkeys/remove",
         "/profile/passkeys/rename", "/profile/app", "/profile/sessions", "/profile/password",
         "/profile/language")  # fmt: skip
CALLS = ("/api/signin", "/api/signin/factor", "/api/signin/resend", "/api/signin/password", "/api/signin/step-up",
         "/api/signin/link", "/api/signin/link/poll", "/signin/passkey/begin", "/signin/passkey/finish",
         "/profile/passkeys/begin", "/profile/passkeys/finish", "/api/profile/app", "/api/profile/app/confirm",
         "/api/profile/app/remove", "/api/profile/recovery", "/api/profile/password", "/api/profile/language",
         "/api/profile/sessions/end", "/api/profile/passkeys/remove")  # fmt: skip
PAGES = ("/", "/signin", "/signin/factor", "/signin/enrol", "/signin/password", "/signin/done", "/signin/step-up",
         "/signin/link", "/signin/link/wait", "/signin/link/open", "/signin/link/go", "/device", "/signout",
         "/profile", "/profile/passkeys", "/profile/app", "/profile/sessions", "/profile/password",
         "/profile/language", "/api/profile", "/api/profile/sessions", "/api/profile/visits", "/api/profile/passkeys",
         "/oidc/jwks")  # fmt: skip


@contextlib.contextmanager
def opened(folder, heard_folder, upstream, post):
    """The started gateway."""
    mapping = MAPPING.format(
        app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff", "guests"]'
    )
    gateway = Gateway(folder, mapping + SETTINGS.format(port=post.port), heard=heard_folder)
    populate(gateway, PEOPLE)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()


def told(story):
    """Run a story on connections of its own."""

    def run(house, *more):
        async def main():
            async with Crowd(house) as crowd:
                return await story(crowd, house, *more)

        return run_apart(main())

    return run


def set_cookies(page):
    return [value for name, value in page.headers if name.lower() == "set-cookie"]


def sign_in_query(house):
    """The query with which an application asks for a sign-in."""
    page = house.fetch("GET", APP, "/", headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    location = page.header("location") or re.search(r'url=([^"]+)"', page.body.decode())[1]
    return urlsplit(location).query
