from tests.ops.importing.samples import GAFAELFAWR

from yett.ops.importing import ours
from yett.ops.importing.gafaelfawr import convert
from yett.ops.importing.model import Draft


def converted(text, hostname=""):
    draft = Draft()
    pieces = convert([("values.yaml", text)], draft, hostname=hostname)
    return draft, pieces


def said(table):
    return {line.key: line.value for line in table.lines}


def test_scopes_are_those_that_groups_gave():
    draft, _ = converted(GAFAELFAWR)
    assert [said(each) for each in draft.items("tokens.scope")] == [
        {"name": "admin:token", "description": "Administer tokens", "groups": ["operators"]},
        {"name": "read:all", "description": "Read everything", "groups": ["org-data", "staff"]},
    ]
    tokens = said(draft.section("tokens"))
    assert (tokens["lifetime"], tokens["cookie_domain"], tokens["quota_bypass"]) == (
        "336h", "data.example.org", ["operators"],
    )  # fmt: skip
    assert draft.secrets["BOOTSTRAP_TOKEN"].startswith("gt-")


def test_quotas_are_taken_over():
    draft, _ = converted(GAFAELFAWR)
    everybody, staff = draft.items("tokens.quota")
    assert said(everybody) == {"notebook_cpu": 2.0, "notebook_memory": 4.0}
    assert [said(each) for each in everybody.inner] == [{"service": "search", "amount": 500}]
    assert staff.get("group") == "staff"
    assert [(each.name, said(each)) for each in staff.inner] == [
        ("tokens.quota.api", {"service": "search", "amount": 500}),
        ("tokens.quota.tap", {"service": "qserv", "amount": 5}),
    ]


def test_people_come_from_where_they_came():
    draft, _ = converted(GAFAELFAWR)
    (provider,) = (said(each) for each in draft.items(ours.PROVIDER))
    assert (provider["issuer"], provider["username_claim"], provider["link_by"]) == (
        "https://id.example.org",
        "uid",
        "username",
    )
    ldap = said(draft.section("identity.ldap"))
    assert (ldap["group_filter"], ldap["member_attribute"]) == ("(objectClass=groupOfNames)", "member")
    assert said(draft.section("service"))["trusted_proxies"] == ["10.0.0.0/8"]


def test_objects_become_rules_and_pieces():
    draft, pieces = converted(GAFAELFAWR)
    search, own = (said(each) for each in draft.items("forward_auth.rule"))
    assert search == {
        "hosts": ["data.example.org"],
        "paths": ["/search"],
        "level": "one_factor",
        "scopes": ["read:all"],
    }
    assert own["level"] == "deny"
    assert "location = /_yett_search_search {" in pieces
    assert "return 302 https://data.example.org/login?rd=" in pieces
    assert "user_domain=true" in pieces
    lost = {each.key for each in draft.open_ends}
    assert "GafaelfawrServiceToken nb/token.spec.scopes" in lost
    assert {"slackAlerts", "databaseUrl", "oidc.redirectUrl"} <= lost
    assert "hunter2" not in str(draft.leftovers)


def test_a_name_cannot_leave_its_comment_or_its_place():
    text = GAFAELFAWR.replace(
        "name: search, namespace: search", 'name: "x; }\\n evil", namespace: s'
    ).replace("service: search", 'service: "a b;}#"')
    _, pieces = converted(text)
    assert not any(line.startswith(" evil") for line in pieces.splitlines())
    assert "service=a+b%3B%7D%23" in pieces


def test_nothing_raises_for_values_of_the_wrong_kind():
    for key in (
        "oidc",
        "ldap",
        "quota",
        "knownScopes",
        "groupMapping",
        "proxies",
        "tokenLifetime",
        "config",
        "oidcServer",
    ):
        for value in ("5", "text", "[1, {a: b}]", "{a: [b], c: 5}", "true"):
            converted(f"baseUrl: https://a.example.org\n{key}: {value}")
    for config in ("5", "{scopes: 5}", "{scopes: {all: 5}, delegate: [], username: []}"):
        converted(f"apiVersion: v1\nkind: GafaelfawrIngress\nconfig: {config}\ntemplate: [1]")
