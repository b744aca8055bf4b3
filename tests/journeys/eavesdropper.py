"""Secrets that pass through a gateway are noted as they pass, and looked for in whatever it says.

`Secrets` takes what it is told and finds it again in any form: as it is, percent-encoded, in base64,
in hexadecimal, and, if it is long, any twelve characters of it; short ones that could be guessed, also
as a digest. `Wiretapped` is a gateway whose clients are listened to: cookies, fields of forms,
parameters of addresses, tokens in answers.
"""

import base64
import hashlib
import html
import json
import re
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus, urlsplit

from tests.journeys.gateway import Gateway

PIECE = 12
"""A secret of this length or more must not show in pieces of this length either."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_SAID_OPENLY = re.compile(
    r"name|user|device|client_id|redirect_uri|next|scope|response_type|language|code_challenge_method|grant_type"
    r"|decision|email|token_type|client|expires_in|interval|display_name|verification_uri|issuer|prompt|acr_values"
    r"|max_age|send|ui_locales|session|passkey|which|by|action|check"
)
_WORDS = re.compile(r"[a-z]+([_-][a-z]+)*|https?:.*|.*[\s/].*", re.DOTALL)
"""What is no secret by its looks: words, addresses, sentences."""
_PASSWORDS = {"password", "new", "old", "again", "repeated"}
_LEAST = {"code": 6, "password": 4}


class Secrets:
    """What must not be said. `add` names each, so that a finding tells what leaked."""

    def __init__(self):
        self._whole = {}
        self._pieces = {}
        self.count = 0

    def add(self, name, value):
        """Note a secret, if it is long enough to be told from anything else."""
        value = str(value)
        if len(value) < _LEAST.get(name, 8) or value in self._whole:
            return
        self.count += 1
        for form in _forms(value):
            self._whole.setdefault(form, name)
            for start in range(len(form) - PIECE + 1) if len(form) >= PIECE else ():
                self._pieces.setdefault(form[start : start + PIECE], name)

    def add_file(self, name, path):
        """Note the content of a key's file: its lines if it is PEM."""
        for line in (
            path.read_bytes().splitlines() if path.suffix in {".pem", ".key"} else [path.read_bytes()]
        ):
            if not line.startswith(b"-----"):
                self.add(name, line.decode("latin-1"))

    def allow(self, *values):
        """Take back what turned out to be no secret, such as an id that pages show."""
        for value in values:
            for form in _forms(value):
                self._whole.pop(form, None)
                for start in range(len(form) - PIECE + 1):
                    self._pieces.pop(form[start : start + PIECE], None)

    def found_in(self, said):
        """Each secret that shows, with what stands around it."""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        # Random digits of times and request ids may be somebody's code by chance.
        words = {_ID.sub(" ", _TIME.sub(" ", word)) for word in re.split(r'[\n"]+', text)}
        # What was escaped for JSON, for a page or for an address shows its letters again.
        words |= {form for word in words if "\\" in word for form in _unescaped(word)}
        words |= {html.unescape(word) for word in words if "&" in word}
        words |= {unquote_plus(word) for word in words if "%" in word}
        short = {value: name for value, name in self._whole.items() if len(value) < PIECE}
        pattern = re.compile(
            "|".join(rf"(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z])" for value in short) or r"(?!)"
        )
        found = []
        for word in words:
            found += [
                f"{short[each[0]]} in {_around(word, each.start())!r}" for each in pattern.finditer(word)
            ]
            for start in range(len(word) - PIECE + 1):
                name = self._pieces.get(word[start : start + PIECE])
                if name is not None:
                    found.append(f"{name} in {_around(word, start)!r}")
                    break
        return sorted(found)


def _forms(value):
    """The ways in which a text can stand in another."""
    raw = value.encode("utf-8", "surrogateescape")
    forms = {value, quote(value, safe=""), quote_plus(value), raw.hex(), raw.hex().upper()}
    for shift in range(3):
        # In base64 a text looks different at each of three places; its rims depend on its neighbours.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * shift + raw).decode().rstrip("=")
            forms.add(text[(0, 2, 3)[shift] : len(text) - (1 if (shift + len(raw)) % 3 else 0)])
    if len(value) < 40:
        # Few enough are likely that a digest says which it was.
        for algorithm in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            digest = hashlib.new(algorithm, raw)
            forms |= {digest.hexdigest(), base64.b64encode(digest.digest()).decode().rstrip("=")}
            forms.add(base64.urlsafe_b64encode(digest.digest()).decode().rstrip("="))
    if re.fullmatch(r"[A-Z]{4,5}-[A-Z]{4,5}", value):
        forms |= {value.replace("-", ""), value.replace("-", "").lower(), value.lower()}
    return {form for form in forms if len(form) >= min(6, len(value))}


def _unescaped(word):
    try:
        yield json.loads(f'"{word}"')
    except ValueError:
        return


def _around(word, place):
    return word[max(0, place - 40) : place + 60]


class Wiretapped(Gateway):
    """A gateway of whose exchanges `secrets` learns."""

    secrets = Secrets()

    def fetch(self, method, host, path, *, headers=None, body=None):
        self._heard_address(path)
        for name, value in (headers or {}).items():
            if name.lower() == "cookie":
                for each in value.split("; "):
                    self.secrets.add("cookie", each.partition("=")[2])
            elif name.lower() == "authorization":
                self.secrets.add("credential", value.partition(" ")[2])
        self._heard_body(body.decode() if isinstance(body, bytes) else body or "")
        page = super().fetch(method, host, path, headers=headers, body=body)
        for name, value in page.headers:
            if name.lower() == "set-cookie":
                self.secrets.add("cookie", value.partition("=")[2].partition(";")[0])
            elif name.lower() == "location":
                self._heard_address(value)
        self._heard_page(page.body.decode("utf-8", "replace"))
        return page

    def _heard_address(self, address):
        for name, value in parse_qsl(urlsplit(address).query):
            self._heard(name, value)

    def _heard_body(self, body):
        if body.startswith("{"):
            self._heard_json(json.loads(body))
        else:
            for name, value in parse_qsl(body):
                self._heard(name, value)

    def _heard_page(self, text):
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text):
            self._heard(name, html.unescape(value))
        for address in re.findall(r'(?:href|action|url)="?=?([^"]+)"', text):
            self._heard_address(html.unescape(address))
        if text.startswith("{"):
            self._heard_json(json.loads(text))

    def _heard_json(self, content, name="json"):
        if isinstance(content, dict):
            for key, value in content.items():
                self._heard_json(value, key)
        elif isinstance(content, list):
            for value in content:
                self._heard_json(value, name)
        elif isinstance(content, str):
            self._heard(name, content)

    def _heard(self, name, value):
        if name in _PASSWORDS:
            self.secrets.add("password", value)
        elif not _SAID_OPENLY.fullmatch(name) and not _WORDS.fullmatch(value):
            self.secrets.add(name, value)
