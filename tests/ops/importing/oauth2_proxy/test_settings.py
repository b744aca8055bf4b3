import pytest
from tests.ops.importing.samples import OAUTH2_PROXY, OAUTH2_PROXY_STRUCTURED

from yett.ops.importing import ours
from yett.ops.importing.model import Draft, Variable
from yett.ops.importing.oauth2_proxy import convert


def converted(text, name="a.cfg", hostname=""):
    draft = Draft()
    convert([(name, text)], draft, hostname=hostname)
    return draft


def said(table):
    return {line.key: line.value for line in table.lines}


def mappings(draft):
    return [said(each) for each in draft.items("proxy.mapping")]


def test_upstreams_become_mappings_and_open_paths_public_ones():
    draft = converted(OAUTH2_PROXY)
    wiki, api, static, health, public = mappings(draft)
    assert wiki == {
        "app": "wiki.example.org",
        "host": "wiki.example.org",
        "service": "http://127.0.0.1:8080",
        "groups": ["staff"],
    }
    assert (api["path"], api["service"], api["groups"]) == ("/api/", "http://127.0.0.1:9000", ["staff"])
    assert static["path"] == "/static/"
    assert (health["path"], health["match"], health["methods"], health["public"]) == (
        "/health",
        "exact",
        ["GET"],
        True,
    )
    assert (public["path"], public["public"], "groups" in public) == ("/public", True, False)
    assert "^/(a|b)[0-9]+" in [each.value for each in draft.open_ends]
    assert draft.section("service").get("hostname") == "signin.example.org"


def test_the_provider_is_one_of_ours_and_its_secret_a_variable():
    draft = converted(OAUTH2_PROXY)
    (provider,) = (said(each) for each in draft.items(ours.PROVIDER))
    assert provider == {
        "name": "oidc",
        "label": "House",
        "issuer": "https://id.example.org/realms/main",
        "client_id": "wiki",
        "client_secret": Variable("PROVIDER_CLIENT_SECRET"),
        "create": True,
        "take_groups": True,
        "allowed_domains": ["example.org"],
    }
    assert draft.secrets == {"PROVIDER_CLIENT_SECRET": "an upstream secret ${HOME}"}


SPELLINGS = {
    "a.cfg": 'upstreams = ["http://a:1/"]\nredirect_url = "https://x.example.org/cb"\nallowed_groups = ["a", "b"]\n'
    'cookie_expire = "2h"',
    "a.env": "OAUTH2_PROXY_UPSTREAMS=http://a:1/\nexport OAUTH2_PROXY_REDIRECT_URL=https://x.example.org/cb\n"
    "OAUTH2_PROXY_ALLOWED_GROUPS=a,b\nOAUTH2_PROXY_COOKIE_EXPIRE=2h\nHOME=/root",
    "a.args": "--upstream=http://a:1/ --redirect-url https://x.example.org/cb\n--allowed-group=a --allowed-group=b "
    "--cookie-expire=2h",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_all_spellings_mean_the_same(name):
    draft = converted(SPELLINGS[name], name)
    assert mappings(draft) == [
        {"app": "x.example.org", "host": "x.example.org", "service": "http://a:1", "groups": ["a", "b"]}
    ]
    assert draft.section("sessions").get("lifetime") == "2h"


def test_without_anything_behind_it_it_answers_other_proxies():
    draft = converted(
        'upstreams = ["static://202"]\nreverse_proxy = true\ncookie_domains = [".example.org"]\n'
        'allowed_groups = ["a"]\n'
        'redirect_url = "https://auth.example.org/oauth2/callback"\nskip_auth_routes = ["^/open/.*$"]'
    )
    assert [said(each) for each in draft.items("forward_auth.rule")] == [
        {"hosts": ["auth.example.org"], "paths": ["/open"], "level": "bypass"},
        {"hosts": ["example.org", "*.example.org"], "level": "one_factor", "groups": ["a"]},
    ]
    assert draft.section("service").get("hostname") == "auth.example.org"


@pytest.mark.parametrize(
    "what",
    ['authenticated_emails_file = "/e"', 'github_org = "x"', 'allowed_roles = ["x"]', 'google_groups = ["x"]',
     'allowed_groups = ["Not A Name"]'],
)  # fmt: skip
def test_what_kept_people_out_and_has_no_equivalent_keeps_everybody_out(what):
    draft = converted(f'upstreams = ["http://a:1/"]\nredirect_url = "https://x.example.org/cb"\n{what}')
    assert mappings(draft)[0]["groups"] == [ours.NOBODY]
    assert draft.open_ends


def test_structured_settings_are_read_too():
    draft = converted(OAUTH2_PROXY_STRUCTURED, "alpha.yaml")
    (wiki,) = mappings(draft)
    assert (wiki["app"], wiki["service"], wiki["response_timeout"]) == (
        "wiki",
        "https://wiki.internal:8443",
        "45s",
    )
    assert wiki["groups"] == [ours.NOBODY]
    keys = {each.key for each in draft.open_ends}
    assert {
        "alpha.yaml.providers[0].keycloakConfig",
        "alpha.yaml.upstreamConfig.upstreams[0].insecureSkipTLSVerify",
    } <= keys


def test_nothing_raises_for_values_of_the_wrong_kind():
    for key in (
        "upstreams",
        "cookie_expire",
        "allowed_groups",
        "http_address",
        "reverse_proxy",
        "redirect_url",
        "client_id",
    ):
        for value in ("5", "{a = 1}", "[[1], {}]", "true", '"//::/"', '"\\u0000"', "[]", "1979-05-27"):
            assert converted(f'{key} = {value}\nbanner = "-"').leftovers
