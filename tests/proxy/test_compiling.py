from datetime import timedelta

import pytest
from tests.proxy.conftest import WIKI, mapping, request_for

from yett.net.http import Upstream
from yett.proxy import BadMapping, Miss, compile_routes
from yett.proxy.config import AnswerSettings, HeaderSettings, PathKind, ReauthSettings, RedirectSettings
from yett.proxy.reauth import max_age_for
from yett.proxy.routes import Variants


def table(*mappings):
    return compile_routes(mappings, "id.example")


def rule(path="", minutes=5, **more):
    return ReauthSettings(path=path, max_age=timedelta(minutes=minutes), **more)


def test_limits_of_a_mapping_are_those_of_its_upstream():
    made = table(
        mapping(
            connect_timeout=timedelta(seconds=1),
            response_timeout=timedelta(seconds=2),
            idle_timeout=timedelta(seconds=3),
            max_connections=4,
            max_waiting=0,
        )
    ).routes[0]
    assert made.upstream == Upstream(
        "10.0.0.1",
        80,
        connect_timeout=1.0,
        response_timeout=2.0,
        idle_timeout=3.0,
        max_connections=4,
        max_waiting=0,
    )


@pytest.mark.parametrize(
    ("changes", "is_plain"),
    [
        ({}, True),
        ({"request_headers": HeaderSettings(set=("X-A: {user}",))}, True),
        ({"request_headers": HeaderSettings(set=("X-A: {request_id}",))}, False),
        ({"response_headers": HeaderSettings(add=("X-A: {host}",))}, False),
        ({"max_body": 10}, False),
        ({"reauth": (rule(),)}, False),
        ({"reauth": (rule("/admin"),)}, True),
        ({"methods": ("GET",)}, True),
    ],
)
def test_what_a_mapping_does_not_use_costs_its_requests_nothing(changes, is_plain):
    made = table(mapping(**changes))
    found = made.find(WIKI, "/x")
    if isinstance(found, Variants):
        found = found.choose(request_for("GET", "/x", {"Host": WIKI}))
    assert found.is_plain is is_plain


def test_a_pattern_that_is_everything_below_a_path_is_a_prefix():
    made = table(mapping(path="/a/**", match=PathKind.PATTERN))
    assert (made.routes[0].path, made.routes[0].kind) == ("/a", PathKind.PREFIX)
    assert table(mapping(path="/**", match=PathKind.PATTERN)).routes[0].path == "/"


def test_rules_for_recent_sign_ins_hold_below_their_path_and_nowhere_else():
    made = table(
        mapping(reauth=(rule("/admin", 10), rule("/admin/keys", 5, methods=("POST",)), rule(minutes=600))),
        mapping("Other", path="/admin/open"),
    )
    ages = {
        path: max_age_for(made.find(WIKI, path).freshness, b"POST")
        for path in ("/", "/x", "/admin", "/admin/x", "/admin/keys/1", "/admin/open/x", "/administrator")
    }
    assert ages == {
        "/": 36000.0,
        "/x": 36000.0,
        "/admin": 600.0,
        "/admin/x": 600.0,
        "/admin/keys/1": 300.0,
        "/admin/open/x": None,
        "/administrator": 36000.0,
    }
    assert made.find(WIKI, "/admin/x").app == "Wiki"
    for path in ("/Admin/x", "/admin;/x", "/%61dmin/x", "//admin/x", "/admin%2fkeys", "/admin/Keys"):
        assert made.find(WIKI, path) is Miss.AMBIGUOUS


def test_every_variant_of_a_path_has_its_own_rules():
    made = table(
        mapping("Read", methods=("GET",)), mapping("Write", methods=("POST",), reauth=(rule("/admin"),))
    )
    there = made.find(WIKI, "/admin/x")
    read, write = (
        there.choose(request_for(method, "/admin/x", {"Host": WIKI})) for method in ("GET", "POST")
    )
    assert (read.app, read.freshness) == ("Read", ())
    assert (write.app, len(write.freshness)) == ("Write", 1)


def test_routes_of_one_table_have_numbers_of_their_own():
    made = table(
        mapping(reauth=(rule("/a"), rule("/b"))), mapping("Other", path="/c"), mapping("X", "x.test")
    )
    found = [
        made.find(host, path)
        for host, path in ((WIKI, "/"), (WIKI, "/a"), (WIKI, "/b"), (WIKI, "/c"), ("x.test", "/"))
    ]
    assert len({route.number for route in found}) == 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": "/a*"}, 'match is not "pattern"'),
        ({"path": "/a", "match": PathKind.PATTERN}, "no star"),
        ({"path": "/a**", "match": PathKind.PATTERN}, "by itself"),
        ({"path": "/_yett/*", "match": PathKind.PATTERN}, "gateway's own"),
        ({"path": "/_yett", "match": PathKind.EXACT}, "gateway's own"),
        ({"redirect": RedirectSettings(to="/x")}, "not both"),
        ({"service": "", "redirect": RedirectSettings(to="/x"), "answer": AnswerSettings()}, "not both"),
        ({"service": "", "redirect": RedirectSettings(to="//x")}, "two slashes"),
        ({"public": True, "reauth": (rule(),)}, "recent sign-in"),
        ({"path": "/a", "reauth": (rule("/b"),)}, "not below /a"),
        ({"path": "/a", "match": PathKind.EXACT, "reauth": (rule("/a/b"),)}, "not below /a"),
        ({"request_headers": HeaderSettings(set=("Host: x",))}, "own business"),
        ({"public": True, "response_headers": HeaderSettings(set=("X: {user}",))}, "who asks"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_named_with_the_reason(changes, words):
    with pytest.raises(BadMapping, match=words) as caught:
        table(mapping(**changes))
    assert str(caught.value).startswith("Wiki: ")


def test_a_rule_above_an_exact_path_holds_for_it():
    made = table(mapping(path="/a/b", match=PathKind.EXACT, reauth=(rule("/a"),)))
    assert len(made.find(WIKI, "/a/b").freshness) == 1


def test_the_home_of_a_host_is_where_a_visitor_can_begin():
    made = table(
        mapping("Exact", path="/login", match=PathKind.EXACT),
        mapping("Pattern", path="/files/*/raw", match=PathKind.PATTERN),
        mapping("Deep", path="/a/b/c/d/e"),
    )
    assert made.home(WIKI).start == "/a/b/c/d/e"
    assert table(mapping(path="/files/x*/raw", match=PathKind.PATTERN)).home(WIKI).start == "/files/"


@pytest.mark.parametrize(
    ("mappings", "is_dropped"),
    [
        ((mapping(),), False),
        ((mapping(methods=("GET", "POST")), mapping("Ops", methods=("DELETE",))), True),
        ((mapping(), mapping("Ops", methods=("DELETE",))), True),
        ((mapping(reauth=(rule(methods=("DELETE",)),)),), True),
        ((mapping(reauth=(rule(),)),), False),
        ((mapping(), mapping("Ops", path="/ops", methods=("DELETE",))), False),
    ],
)
def test_where_the_method_decides_a_service_hears_of_no_other(mappings, is_dropped):
    found = table(*mappings).find(WIKI, "/x")
    if isinstance(found, Variants):
        found = found.choose(request_for("POST", "/x", {"Host": WIKI}))
    assert (b"x-http-method-override" in found.request_edits.drop) is is_dropped
