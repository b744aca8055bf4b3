"""Tokens of another authorization server for applications: npm's oidc-provider gives its own for ours."""

import json
import urllib.parse

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.journeys.gateway import MAPPING, SIGN_IN, Gateway, Visitor, until
from tests.journeys.provider_server import CLIENT, SECRET, Provider
from tests.journeys.test_vouching import application, got  # noqa: F401 - a fixture
from tests.net.fetching.peer import Authority
from tests.ports import free_port

ASSERTED, EXCHANGED, REFUSED, ODD, OWN = (
    f"{name}.yett.localhost" for name in ("asserted", "exchanged", "refused", "odd", "own")
)
ORDERS = "https://orders.internal"
THROUGH = '[proxy.mapping.bearer]\nthrough = "corporate"\nlifetime = "10s"\n'
EXCHANGE = f'{THROUGH}grant = "token-exchange"\n'
MORE = {
    ASSERTED: f'{THROUGH}audience = "{ORDERS}"\nscopes = ["read"]\n',
    EXCHANGED: f'{EXCHANGE}audience = "orders"\nscopes = ["openid", "email"]\n',
    REFUSED: f'{EXCHANGE}audience = "nobody"\n',
    # What it gives then may not be used by whoever holds it (RFC 8693, section 2.2.1).
    ODD: f'{EXCHANGE}audience = "not-for-bearers"\n',
    OWN: "[proxy.mapping.bearer]\n",
}
GRANTS = [
    # Without it a client has no redirect address.
    "authorization_code",
    *(f"urn:ietf:params:oauth:grant-type:{name}" for name in ("jwt-bearer", "token-exchange")),
]
SETTINGS = """
[net.fetching]
allow = ["127.0.0.0/8"]
ca_file = "{ca}"

[[identity.federation.provider]]
name = "corporate"
label = "Corporate"
issuer = "{issuer}"
client_id = "{client}"
client_secret = "{secret}"
sign_in = false
timeout = "3s"
"""


class Place:
    """A gateway, and the authorization server of the company behind it."""

    def __init__(self, folder, authority, port_of_application, heard):
        port = free_port()
        self.application = port_of_application
        self.authority = authority
        self.gateway = Gateway(
            folder / "gateway", "", heard=heard, port=port, telemetry='log_level = "debug"'
        )
        trusts = {
            "issuer": f"https://{SIGN_IN}:{port}",
            "host": SIGN_IN,
            "port": port,
            "ca": str(self.gateway.data / "pki" / "root.pem"),
        }
        self.provider = Provider(folder, authority, gateway_port=port, trusts=trusts, grant_types=GRANTS)
        self.write()

    def write(self, *, client=CLIENT):
        """The settings, perhaps with another client."""
        mappings = ""
        for host, bearer in MORE.items():
            service = f"http://127.0.0.1:{self.application}"
            mapping = MAPPING.format(app=host.split(".")[0], host=host, service=service, groups='["staff"]')
            mappings += mapping + bearer
        mappings += SETTINGS.format(
            ca=self.authority.file, issuer=self.provider.issuer, client=client, secret=SECRET
        )
        self.gateway.write(mappings=mappings)

    def said(self, message, **fields):
        """A record with that message, as soon as there is one with those fields."""
        return until(
            lambda: next(
                (
                    each
                    for each in self.gateway.records()
                    if each["msg"] == message and fields.items() <= each.items()
                ),
                None,
            ),
            what=f"{message} {fields}",
        )

    def visitor(self, host):
        """Somebody who is signed in, and the page that they got first."""
        made = Visitor(self.gateway, app_host=host)
        return made, made.sign_in("alice")

    def keys(self):
        return KeySet.import_key_set(json.loads(self.provider.fetch("GET", "/jwks").text))

    def introspect(self, token):
        """What the server says of a token of its own."""
        form = urllib.parse.urlencode({"token": token, "client_id": CLIENT, "client_secret": SECRET})
        return json.loads(self.provider.fetch("POST", "/token/introspection", body=form).text)


@pytest.fixture(scope="module")
def place(tmp_path_factory, application, heard_folder):  # noqa: F811 - the fixture
    folder = tmp_path_factory.mktemp("trading")
    made = Place(folder, Authority(tmp_path_factory.mktemp("authority")), application, heard_folder)
    try:
        made.provider.start()
        made.gateway.people()
        made.gateway.start()
        yield made
    finally:
        made.gateway.stop()
        made.provider.stop()


def bearer_of(page):
    """What the application got as a token."""
    scheme, _, token = got(page).headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    return token


def test_an_application_gets_the_servers_token_for_an_assertion_of_ours(place):
    visitor, _ = place.visitor(ASSERTED)
    token = bearer_of(visitor.get("/", headers={"Authorization": "Bearer of.the.client"}))
    # An application checks it as any other token of that server, with nothing of ours.
    read = jwt.decode(token, place.keys(), algorithms=["ES256"])
    assert (read.claims["iss"], read.claims["aud"]) == (place.provider.issuer, ORDERS)
    assert (read.claims["sub"], read.claims["client_id"], read.claims["scope"]) == ("alice", CLIENT, "read")
    assert f"vouched alice staff - {ORDERS} read" in place.provider.asked()
    # It is used again, and renewed before it is over.
    asked = place.provider.asked().count("POST /token")
    assert bearer_of(visitor.get("/again")) == token
    assert place.provider.asked().count("POST /token") == asked
    until(lambda: bearer_of(visitor.get("/later")) != token, what="another token")
    place.said("Background refresh completed")
    # Nothing that opens anything is in the log: "eyJ" is how a token begins.
    for secret in (token, SECRET, "eyJ"):
        assert secret not in place.gateway.output.read_text()


def test_an_application_gets_the_servers_token_in_an_exchange(place):
    visitor, _ = place.visitor(EXCHANGED)
    token = bearer_of(visitor.get("/"))
    said = place.introspect(token)
    assert (said["active"], said["sub"], said["client_id"]) == (True, "alice", CLIENT)
    assert set(said["scope"].split()) == {"openid", "email"}
    assert "vouched alice staff orders - openid email" in place.provider.asked()
    # What we say of somebody to others is on record, too.
    assert place.said("Bearer token minted for proxy", client="exchanged")["audit"] is True


def test_whoever_is_refused_over_there_is_not_let_through_with_anything_else(place):
    page = place.visitor(REFUSED)[1]
    assert page.status == 502
    assert "invalid_target" not in page.text
    said = place.said("MintBearerToken failed", app="refused")
    assert (said["reason"], said["error"], said["auth.user_id"]) == ("refused", "invalid_target", "alice")
    assert "there is no such audience" not in place.gateway.output.read_text()
    told = place.gateway.run("explain", page.request_id)
    assert "the provider gave no token" in told


def test_what_is_no_bearer_token_is_not_sent(place):
    page = place.visitor(ODD)[1]
    assert page.status == 502
    said = place.said("wrong response type")
    assert (said["level"], said["component"]) == ("ERROR", "proxy.bearer_inject")
    assert (said["reason"], said["provider"], said["app"]) == ("token_type", "corporate", "odd")
    told = place.gateway.run("explain", page.request_id)
    assert "the provider corporate gave in place of a token for odd cannot be used" in told.replace("\n", " ")


def test_nobody_signs_in_through_a_server_that_is_there_for_tokens_only(place):
    page = Visitor(place.gateway).get("/signin?with=corporate", SIGN_IN)
    assert page.status == 200
    assert "Corporate" not in page.text
    assert place.gateway.fetch("GET", SIGN_IN, "/signin/with/corporate").status == 404


def test_a_token_of_ours_stays_one_of_ours(place):
    token = bearer_of(place.visitor(OWN)[0].get("/"))
    assert not place.introspect(token)["active"]


def test_what_was_given_to_another_client_is_not_used_after_a_reload(place):
    visitor, _ = place.visitor(ASSERTED)
    assert bearer_of(visitor.get("/"))
    try:
        place.write(client="somebody-else")
        page = until(lambda: (page := visitor.get("/")).status == 502 and page, what="the other client")
        assert place.said("MintBearerToken failed", reason="refused", error="invalid_client")
        # A token of ours goes on as if nothing had happened.
        assert got(place.visitor(OWN)[0].get("/"))
    finally:
        place.write()
    page = until(lambda: (page := visitor.get("/")).status == 200 and page, what="the first client")
    assert jwt.decode(bearer_of(page), place.keys(), algorithms=["ES256"]).claims["sub"] == "alice"


def test_a_server_that_is_away_costs_only_those_who_need_its_tokens(place):
    other, _ = place.visitor(EXCHANGED)
    place.provider.stop()
    try:
        assert place.visitor(ASSERTED)[1].status == 502
        assert place.said("MintBearerToken failed", reason="unreachable", app="asserted")
        # What it gave before is used until it is over.
        assert bearer_of(other.get("/"))
    finally:
        place.provider.start()
    assert until(lambda: place.visitor(ASSERTED)[1].status == 200, what="the server")
