"""Rules of the settings: which one is for a request."""

import pytest

from yett.identity.access import Assurance
from yett.proxy.config import PathKind
from yett.proxy.forward_auth.config import Level, RuleSettings
from yett.proxy.forward_auth.model import Asked, Refused
from yett.proxy.forward_auth.policy import CLOSED, Policy

HOST = "app.example.test"


def asked(path="/", *, host=HOST, method="GET", client="203.0.113.9"):
    return Asked(method, "https", host, 0, path, "", client)


def rule(level=Level.ONE_FACTOR, **more):
    return RuleSettings(level=level, **more)


def level(demand):
    if isinstance(demand, Refused):
        return "refused"
    if demand.is_open:
        return "bypass"
    if demand.is_closed:
        return "deny"
    return "two_factor" if demand.assurance is Assurance.MFA else "one_factor"


POLICY = Policy(
    (
        rule(Level.DENY, networks=("198.51.100.0/24",)),
        rule(Level.BYPASS, networks=("10.0.0.0/8",), paths=("/status",)),
        rule(Level.BYPASS, hosts=("*.example.test",), paths=("/public", "/favicon.ico")),
        rule(Level.BYPASS, hosts=(HOST,), methods=("OPTIONS",)),
        rule(Level.TWO_FACTOR, hosts=(HOST,), paths=("/admin",), groups=("ops",)),
        rule(hosts=(HOST,), paths=("/files/*/raw",), match=PathKind.PATTERN, scopes=("read:all",)),
        rule(Level.DENY, hosts=(HOST,), methods=("DELETE",)),
        rule(hosts=(HOST,), methods=("GET",)),
    )
)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (asked("/"), "one_factor"),
        (asked("/", method="HEAD"), "one_factor"),
        (asked("/", method="POST"), "deny"),
        (asked("/", method="delete"), "deny"),
        (asked("/", method="OPTIONS"), "bypass"),
        (asked("/public"), "bypass"),
        (asked("/public/"), "bypass"),
        (asked("/public/x"), "bypass"),
        (asked("/publicx"), "one_factor"),
        (asked("/public", host="other.example.test"), "bypass"),
        (asked("/public", host="example.test"), "deny"),
        (asked("/public", host="badexample.test"), "deny"),
        (asked("/admin/x"), "two_factor"),
        (asked("/files/a/raw"), "one_factor"),
        (asked("/", client="198.51.100.7"), "deny"),
        (asked("/public", client=""), "deny"),
        (asked("/status", client="10.1.1.1"), "bypass"),
        (asked("/status"), "one_factor"),
        (asked("/", host="unknown.test"), "deny"),
    ],
)
def test_the_first_rule_that_matches_is_the_one(request_, expected):
    assert level(POLICY.find(request_)) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/public/../admin", "/public/..%2fadmin", "/public%2fx", "/%70ublic/x", "/public;x=/../admin", "//public/x",
        "/PUBLIC/x", "/public/%2e%2e/admin", "/public\\..\\admin", "/public/./x", "/Admin", "/admin%00", "/%61dmin",
        "/public/%252e%252e/admin", "/x//admin",
    ],
)  # fmt: skip
def test_a_path_with_two_readings_never_gets_an_easier_rule(path):
    found = level(POLICY.find(asked(path)))
    assert found in {"refused", "one_factor"} or (found == "bypass" and path.startswith("/public/"))
    strict = Policy((rule(Level.BYPASS, paths=("/public",)), rule(Level.DENY, paths=("/admin",)), rule()))
    assert level(strict.find(asked(path))) in {"refused", "one_factor", "deny"} or "admin" not in path.lower()


def test_what_no_rule_is_for_nobody_may():
    assert Policy().find(asked()) is CLOSED


def test_groups_and_scopes_are_demanded_after_the_match():
    demand = Policy((rule(groups=("ops", "dev"), scopes=("read:all",)), rule(Level.BYPASS))).find(asked())
    assert demand.groups == (frozenset({"ops", "dev"}),)
    assert demand.scopes == {"read:all"}


def test_a_client_that_nobody_names_is_in_no_network_but_denied_ones():
    policy = Policy(
        (rule(Level.BYPASS, networks=("127.0.0.0/8",)), rule(Level.DENY, networks=("10.0.0.0/8",)), rule())
    )
    assert level(policy.find(asked(client=""))) == "deny"


def test_any_host_can_be_meant():
    policy = Policy((rule(Level.BYPASS, hosts=("*",), paths=("/health",), match=PathKind.EXACT),))
    assert level(policy.find(asked("/health", host="x.test"))) == "bypass"
    assert level(policy.find(asked("/health/x", host="x.test"))) == "deny"
