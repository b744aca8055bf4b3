"""npm's oidc-provider as an identity provider for journeys, and somebody with a browser that goes there."""

import html
import http.client
import json
import re
import ssl
import subprocess
import sys
import urllib.parse
from pathlib import Path

from joserfc.jwk import ECKey, OKPKey, RSAKey
from tests.journeys.gateway import SIGN_IN, Page, Visitor, until
from tests.ports import free_port

_MODULES = Path(sys.executable).parent.parent / "peers" / "npm" / "node_modules"
_PROGRAM = Path(__file__).parent / "peers" / "provider.mjs"
HOST = "localhost"
CLIENT, SECRET = "yett", "a secret between the two of us, long enough for anybody"


class Provider:
    """A provider on this machine, over TLS."""

    def __init__(self, folder, authority, *, gateway_port, nonce="", trusts=None, **client):
        """`trusts` says whose tokens it gives its own for, as its program has it."""
        self.port = free_port()
        self.issuer = f"https://{HOST}:{self.port}"
        self._folder, self._authority, self._nonce, self._trusts = folder, authority, nonce, trusts
        self.people = {
            "ada": {
                "name": "Ada Lovelace", "preferred_username": "ada", "email": "ada@example.org",
                "email_verified": True, "groups": ["engineers", "Not A Name"],
            },
            "alice": {
                "name": "Alice Elsewhere", "preferred_username": "alice", "email": "alice@example.org",
                "email_verified": True,
            },
            "mallory": {"name": "Mallory", "preferred_username": "bob", "email": "bob@example.org",
                        "email_verified": False},
            "app": {"name": "App", "preferred_username": "app", "email": "app@example.org", "email_verified": True},
        }  # fmt: skip
        back = f"https://{SIGN_IN}:{gateway_port}"
        self.client = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_uris": [f"{back}/signin/with/acme/callback", f"{back}/signin/with/dev/callback"],
            "post_logout_redirect_uris": [f"{back}/signout"],
            "grant_types": ["authorization_code", "refresh_token"],
            "id_token_signed_response_alg": "ES256",
            **client,
        }
        self.key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})
        self.process = None

    def start(self):
        others = [
            RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
            OKPKey.generate_key("Ed25519", {"kid": "ed", "use": "sig"}),
        ]
        wish = {
            "modules": str(_MODULES),
            "issuer": self.issuer,
            "port": self.port,
            "cert": str(self._authority.files(HOST)),
            "keys": [each.as_dict(private=True) for each in (self.key, *others)],
            "clients": [self.client],
            "people": self.people,
            "nonce": self._nonce,
            "trusts": self._trusts,
        }
        self.output = self._folder / "provider.txt"
        with self.output.open("ab") as out:
            self.process = subprocess.Popen(
                ["node", str(_PROGRAM), json.dumps(wish)], stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        until(self._is_ready, what="the provider")
        return self

    def _is_ready(self):
        assert self.process.poll() is None, self.output.read_text()
        try:
            return self.fetch("GET", "/.well-known/openid-configuration").status == 200
        except OSError:
            return False

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)
            self.process = None

    def roll_over(self):
        """Begin anew with another key, of which nobody has heard."""
        self.stop()
        self.key = ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})
        self.start()

    def asked(self):
        """What it was asked, one line each."""
        return self.output.read_text().splitlines()

    def tell(self, what, **form):
        assert self.fetch("POST", f"/control/{what}", body=urllib.parse.urlencode(form)).status == 200

    def fetch(self, method, path, *, headers=None, body=None):
        context = ssl.create_default_context(cafile=self._authority.file)
        connection = http.client.HTTPSConnection(HOST, self.port, timeout=20, context=context)
        try:
            sent = {**(headers or {})}
            if body is not None:
                sent["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            answer.text = answer.read().decode()
            return answer
        finally:
            connection.close()


class Traveller(Visitor):
    """A visitor who may leave for the provider."""

    def __init__(self, gateway, provider):
        super().__init__(gateway)
        self.provider = provider
        self.account = "ada"
        self.seen = []

    def go(self, method, host, path, *, form=None, headers=None):
        for _ in range(20):
            page = self._one(method, host, path, form, headers)
            self.at = (host, path)
            self.seen.append((host, path))
            location = page.header("location")
            refresh = re.search(rb'http-equiv="refresh" content="0; url=([^"]+)"', page.body)
            if not location and refresh:
                location = html.unescape(refresh[1].decode())
            if not location:
                if host == HOST and page.status == 200 and b'name="account"' in page.body:
                    method, form = "POST", {"account": self.account}
                    continue
                return page
            parts = urllib.parse.urlsplit(location)
            host = parts.hostname or host
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            method, form = "GET", None
        raise AssertionError(f"redirected in circles: {self.seen}")

    def _one(self, method, host, path, form, headers):
        jar = self.cookies.setdefault(host, {})
        sent = {**self.NAVIGATION, **(headers or {})}
        if jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            sent["Origin"] = f"https://{host}:{self.gateway.port}"
        if host == HOST:
            answer = self.provider.fetch(method, path, headers=sent, body=body)
            page = Page(answer.status, list(answer.getheaders()), answer.text.encode())
        else:
            page = self.gateway.fetch(method, host, path, headers=sent, body=body)
        for name, value in page.headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                kept = rest.partition(";")[0]
                if kept and "max-age=0" not in rest.lower():
                    jar[key] = kept
                else:
                    jar.pop(key, None)
        return page
