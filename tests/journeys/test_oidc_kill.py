"""No token that an application was told of is lost, and none is good twice, whenever the gateway is killed."""

import threading
from http.client import HTTPException

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.journeys.gateway import Gateway, until
from tests.journeys.test_oidc_provider import Application, Person, assert_said
from tests.journeys.test_oidc_tokens import CLIENTS, head_of, keys_of

SCOPE = "openid profile offline_access"
_CUT_OFF = (OSError, HTTPException, TypeError)
"""What a client sees of a kill."""


@pytest.fixture
def provider(tmp_path, heard_folder):
    gateway = Gateway(tmp_path, CLIENTS, heard=heard_folder)
    gateway.people()
    gateway.start()
    yield gateway
    gateway.stop()


class Line:
    """An application that has tokens, refreshes them, begins anew, and notes what it was told."""

    def __init__(self, provider):
        self.application, self.person = Application(provider, "house"), Person(provider)
        self.person.ask(**self.application.request(scope=SCOPE))
        self.answers = 0
        self.told = []
        """What it was told in this round: the last tokens of each grant."""
        self.used = []
        """Refresh tokens for which it got others."""
        self.open = {}
        """What it asked and was not answered."""
        self.refused = []
        self.thread = None

    def begin(self, stop):
        self.told, self.used, self.open = [], [], {}
        self.thread = threading.Thread(target=self._run, args=(stop,))
        self.thread.start()

    def _run(self, stop):
        try:
            while not stop.is_set():
                self.person.ask(**self.application.request(scope=SCOPE))
                self._ask(
                    grant_type="authorization_code",
                    code=self.person.answer["code"],
                    redirect_uri=self.application.to,
                    code_verifier=self.application.verifier,
                )
                for _ in range(3):
                    self._ask(grant_type="refresh_token", refresh_token=self.told[-1]["refresh_token"])
        except _CUT_OFF:
            return

    def _ask(self, **form):
        self.open = form
        status, tokens = self.application.post("/oidc/token", **form)
        self.open = {}
        if status != 200:
            self.refused.append(tokens)
        if "refresh_token" in form:
            self.used.append(form["refresh_token"])
            self.told.pop()
        self.told.append(tokens)
        self.answers += 1

    def refresh(self, text):
        return self.application.post("/oidc/token", grant_type="refresh_token", refresh_token=text)[0]


def test_kill_9_during_exchanges_and_refreshes_loses_nothing_and_gives_nothing_twice(provider):
    lines = [Line(provider) for _ in range(3)]
    published = keys_of(provider)["keys"]
    for is_rotated in (True, False):
        stop = threading.Event()
        for line in lines:
            line.begin(stop)
        enough = [line.answers + 6 for line in lines]
        until(lambda e=enough: all(x.answers >= y for x, y in zip(lines, e, strict=True)), seconds=60)
        if is_rotated:
            provider.run("admin", "oidc", "keys", "rotate", "--at-once")
            more = [line.answers + 6 for line in lines]
            until(lambda e=more: all(x.answers >= y for x, y in zip(lines, e, strict=True)), seconds=60)
        provider.kill()
        stop.set()
        for line in lines:
            line.thread.join(60)
        provider.start()

        keys = keys_of(provider)
        assert all(key in keys["keys"] for key in published)
        published = keys["keys"]
        assert [line.refused for line in lines] == [[], [], []]
        for line in lines:
            unanswered = line.open
            for tokens in line.told:
                access, identity = (
                    jwt.decode(tokens[name], KeySet.import_key_set(keys), algorithms=["ES256"])
                    for name in ("access_token", "id_token")
                )
                assert access.claims["sub"] == identity.claims["sub"] == "alice"
                assert line.application.user_info(tokens["access_token"])[0] == 200
                if unanswered.get("refresh_token") != tokens["refresh_token"]:
                    assert line.refresh(tokens["refresh_token"]) == 200
                assert line.refresh(tokens["refresh_token"]) in (
                    {400} if unanswered.get("refresh_token") != tokens["refresh_token"] else {200, 400}
                )
                # Whoever comes with one that was used ends its grant.
                assert line.refresh(tokens["refresh_token"]) == 400
                assert line.application.user_info(tokens["access_token"])[0] == 401
            assert {line.refresh(text) for text in line.used} <= {400}
            if "code" in unanswered:
                again = [line.application.post("/oidc/token", **unanswered)[0] for _ in range(2)]
                assert again in ([200, 400], [400, 400])


def test_with_another_cluster_key_tokens_stay_good_and_refresh_tokens_are_unknown(provider):
    line = Line(provider)
    _, tokens = line.application.redeem(line.person.answer)
    before = keys_of(provider)["keys"]
    provider.stop()
    text = provider.config.read_text()
    key = "another cluster key of more than enough characters"
    provider.config.write_text(text.replace("[cluster]", f'[cluster]\ncluster_key = "{key}"'))
    provider.start()
    assert_said(provider, "oidc.keys", "Key cannot be opened", "Key generated")
    keys = keys_of(provider)["keys"]
    kept = {each["kid"] for each in before} & {each["kid"] for each in keys}
    assert head_of(tokens["id_token"])["kid"] in kept
    assert line.application.user_info(tokens["access_token"])[0] == 200
    assert line.refresh(tokens["refresh_token"]) == 400
    assert line.application.user_info(tokens["access_token"])[0] == 200
    again = Line(provider)
    status, new = again.application.redeem(again.person.answer)
    assert status == 200, new
    assert head_of(new["id_token"])["kid"] not in {each["kid"] for each in before}
