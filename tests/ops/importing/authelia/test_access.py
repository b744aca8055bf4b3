import re

from hypothesis import given, settings
from hypothesis import strategies as st

from yett.identity.access import Assurance
from yett.ops.importing import ours
from yett.ops.importing.authelia.access import add_definitions, convert
from yett.ops.importing.model import Draft
from yett.ops.importing.source import Source
from yett.proxy.config import PathKind
from yett.proxy.forward_auth.config import Level, RuleSettings
from yett.proxy.forward_auth.model import Asked
from yett.proxy.forward_auth.policy import Policy


def converted(table):
    draft = Draft()
    convert(Source(table, draft, "access_control"), draft)
    return draft


def rules(draft):
    return [{line.key: line.value for line in table.lines} for table in draft.items("forward_auth.rule")]


def test_rules_keep_their_order_and_a_default_that_lets_in_comes_last():
    draft = converted(
        {
            "default_policy": "one_factor",
            "rules": [
                {"domain": ["a.example.org", "*.b.example.org"], "policy": "bypass", "methods": ["get"]},
                {"domain": "c.example.org", "policy": "deny", "resources": ["^/admin$", "^/(x|y)/"]},
            ],
        }
    )
    assert rules(draft) == [
        {"hosts": ["a.example.org", "*.b.example.org"], "methods": ["GET"], "level": "bypass"},
        {"hosts": ["c.example.org"], "paths": ["/x/", "/y/"], "level": "deny"},
        {"hosts": ["c.example.org"], "paths": ["/admin"], "match": "exact", "level": "deny"},
        {"level": "one_factor"},
    ]
    assert draft.open_ends == []


def test_networks_have_names():
    draft = Draft()
    source = Source(
        {"rules": [{"domain": "a.example.org", "networks": ["office", "10.0.0.1"], "policy": "bypass"}]},
        draft,
    )
    add_definitions(source, Source({"office": ["192.0.2.0/24"]}, draft))
    convert(source, draft)
    assert rules(draft) == [
        {"hosts": ["a.example.org"], "networks": ["192.0.2.0/24", "10.0.0.1/32"], "level": "bypass"}
    ]


def test_rules_that_differ_in_their_groups_alone_are_one():
    rule = {"domain": "a.example.org", "policy": "two_factor"}
    draft = converted(
        {"rules": [rule | {"subject": "group:staff"}, rule | {"subject": ["group:guests", "user:bob"]}]}
    )
    assert rules(draft) == [
        {"hosts": ["a.example.org"], "level": "two_factor", "groups": ["guests", "staff"]}
    ]
    assert [each.value for each in draft.open_ends] == ["user:bob"]


def test_a_rule_for_people_that_cannot_be_named_is_for_nobody():
    draft = converted(
        {"rules": [{"domain": "a.example.org", "policy": "one_factor", "subject": [["group:a", "group:b"]]}]}
    )
    assert rules(draft) == [{"hosts": ["a.example.org"], "level": "one_factor", "groups": [ours.NOBODY]}]


def test_what_cannot_be_said_is_closed_where_something_more_open_follows():
    odd = {"domain": "a.example.org", "policy": "two_factor", "resources": "^/admin"}
    assert rules(converted({"rules": [odd]})) == []
    assert rules(converted({"rules": [odd, {"domain": "*.example.org", "policy": "one_factor"}]})) == [
        {"hosts": ["a.example.org"], "level": "deny"},
        {"hosts": ["*.example.org"], "level": "one_factor"},
    ]


# An import never opens what was closed: both ways to decide, side by side.

HOSTS = ["a.example.org", "b.example.org", "x.a.example.org", "example.net"]
PATHS = ["/", "/admin", "/admin/x", "/api/v1", "/apikeys", "/public/x"]
GROUPS = ["staff", "guests"]
RULES = st.fixed_dictionaries(
    {"policy": st.sampled_from(["bypass", "one_factor", "two_factor", "deny"])},
    optional={
        "domain": st.lists(
            st.sampled_from([*HOSTS, "*.example.org", "*.a.example.org", "{user}.example.org"]), min_size=1
        ),
        "domain_regex": st.sampled_from(
            [r"^a\.example\.org$", r"^.*\.example\.org$", r"^[ab]\.example\.org$", "org$"]
        ),
        "resources": st.lists(
            st.sampled_from(
                ["^/admin$", "^/admin", "^/admin(/.*)?$", "^/(api|public)/.*$", "^/.*$", "api", "^/a.*n$"]
            ),
            min_size=1,
        ),
        "subject": st.lists(
            st.sampled_from(["group:staff", "group:guests", "user:ada", ["group:staff", "group:guests"]]),
            min_size=1,
        ),
        "methods": st.just(["GET"]),
        "networks": st.sampled_from([["192.0.2.0/24"], ["not a network"]]),
        "query": st.just([[{"key": "a"}]]),
    },
)


def theirs(table, host, path, method, client, user, groups):
    """How much proof Authelia asks for: 0, 1 or 2 factors; None when it lets nobody in."""
    level = {"bypass": 0, "one_factor": 1, "two_factor": 2, "deny": None}
    for rule in table["rules"]:
        if all(
            (
                _is_host(rule, host, user),
                not rule.get("resources") or any(re.search(each, path) for each in rule["resources"]),
                "methods" not in rule or method in rule["methods"],
                "networks" not in rule
                or (rule["networks"] == ["192.0.2.0/24"] and client.startswith("192.0.2.")),
                "query" not in rule,
                "subject" not in rule or any(_is_subject(each, user, groups) for each in rule["subject"]),
            )
        ):
            return level[rule["policy"]]
    return level[table["default_policy"]]


def _is_host(rule, host, user):
    for each in rule.get("domain", ()):
        if each.startswith("{user}"):
            if host == each.replace("{user}", user):
                return True
        elif host == each or (each.startswith("*.") and host.endswith(each[1:])):
            return True
    return "domain_regex" in rule and re.search(rule["domain_regex"], host) is not None


def _is_subject(subject, user, groups):
    wanted = subject if isinstance(subject, list) else [subject]
    return all(each == f"user:{user}" or each.removeprefix("group:") in groups for each in wanted)


def ours_of(draft):
    made = []
    for table in draft.items("forward_auth.rule"):
        said = {line.key: line.value for line in table.lines}
        made.append(
            RuleSettings(
                **{
                    key: tuple(said.get(key, ()))
                    for key in ("hosts", "paths", "methods", "networks", "groups")
                },
                match=PathKind(said.get("match", "prefix")),
                level=Level(said["level"]),
            )
        )
    return Policy(made)


@settings(max_examples=300)
@given(
    st.fixed_dictionaries(
        {
            "default_policy": st.sampled_from(["deny", "deny", "one_factor"]),
            "rules": st.lists(RULES, max_size=4),
        }
    ),
    st.sampled_from(HOSTS),
    st.sampled_from(PATHS),
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(["192.0.2.7", "198.51.100.7"]),
    st.sets(st.sampled_from(GROUPS)),
)
def test_nobody_gets_in_who_did_not_before(table, host, path, method, client, groups):
    user = "ada"
    meant = theirs(table, host, path, method, client, user, groups)
    # Whoever has not signed in is in no group: the page comes first, and only who may gets it.
    demand = ours_of(converted(table)).find(Asked(method, "https", host, 0, path, "", client))
    if getattr(demand, "is_open", False):
        assert meant == 0
        return
    is_for_some = getattr(demand, "assurance", None) is not None and not demand.is_closed
    if is_for_some and (not demand.groups or groups.intersection(demand.groups)):
        assert meant is not None
        assert meant <= (2 if demand.assurance is Assurance.MFA else 1)
