import itertools
import re
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.config import ConfigInvalid, catalogue, load
from yett.pki.autotls.plan import plans_for
from yett.proxy import BadMapping, MappingSettings, Miss, compile_routes

SECTIONS = [catalogue.sections[name] for name in ("service", "proxy")]


def mapping(app="wiki", **changes):
    return MappingSettings(**{"app": app, "host": "wiki.example", "service": "http://10.0.0.1:80", **changes})


def table(*mappings):
    return compile_routes(mappings, "id.example")


def app_of(found):
    return found if isinstance(found, Miss) else found.app


TABLE = (
    mapping("all", path="/"),
    mapping("admin", path="/admin", groups=("ops",)),
    mapping("deep", path="/admin/tools/"),
    mapping("other", host="other.example", path="/only"),
)


@pytest.mark.parametrize(
    ("host", "path", "app"),
    [
        ("wiki.example", "/", "all"),
        ("wiki.example", "/page.html", "all"),
        ("wiki.example", "/admin", "admin"),
        ("wiki.example", "/admin/", "admin"),
        ("wiki.example", "/admin/users", "admin"),
        ("wiki.example", "/administrator", "all"),  # whole segments only
        ("wiki.example", "/admin/tools", "deep"),
        ("wiki.example", "/admin/tools/x", "deep"),
        ("other.example", "/only/x", "other"),
        ("other.example", "/", Miss.NO_PATH),
        ("third.example", "/", Miss.NO_HOST),
        ("id.example", "/", Miss.NO_HOST),
    ],
)
def test_the_longest_path_of_a_host_wins(host, path, app):
    assert app_of(table(*TABLE).find(host, path)) == app


@pytest.mark.parametrize(
    "path",
    [
        "/page/../admin",
        "/./admin",
        "/%2e%2e/admin",
        "/x/%2E%2e/admin",
        "/x/..;/admin",
        "/x/..;a=b/admin",
        "/x\\..\\admin",
        "/x%5c..%5cadmin",
        "//admin",
        "/%2fadmin",
        "/%61dmin",
        "/admin%2ftools",
        "/x%00",
        "/x%0d%0aX: y",
        "/x/..%3fy",
        "/x/..%23y",
        "/x/%252e%252e/y",
        "/x%2500",
        # Another route for an upstream that cuts parameters off, knows no capitals, or decodes twice.
        "/admin;x/users",
        "/admin;/users",
        "/admin%3bx/users",
        "/admin/tools;x/users",
        "/Admin/users",
        "/ADMIN",
        "/adm%C4%B1n/../admin",
        "/%2561dmin",
        "/admin%3fx/users",
        "/admin%23x",
        "//Admin;x/",
        # The reserved prefix is a route, too.
        "/%5fyett/callback",
        "/_YETT/callback",
        "//_yett/callback",
        "/_yett;x/callback",
        "/_yett%2fcallback",
        "/_yett/../admin",
    ],
)
def test_a_path_that_could_be_read_as_another_route_is_refused(path):
    assert table(*TABLE).find("wiki.example", path) is Miss.AMBIGUOUS


@pytest.mark.parametrize(
    ("path", "app"),
    [
        ("/caf%C3%A9", "all"),
        ("/a%20b", "all"),
        ("/files//x", "all"),
        ("/v1.2/..x/...", "all"),
        ("/.well-known/thing", "all"),
        ("/admin/a%2fb", "admin"),
        ("/a%252e%252e/x", "all"),
        ("/%e9", "all"),
        ("/A/Page.HTML", "all"),
        ("/x;v=1/y;w=2", "all"),
        ("/admin/X;v=1", "admin"),
        ("/Administrator", "all"),
        ("/x%3fy", "all"),
        ("/100%25", "all"),
        ("/x%", "all"),
        ("/_yettx", "all"),
        ("/_yett", "all"),
        ("/x/_yett/callback", "all"),
    ],
)
def test_an_unusual_path_with_one_reading_finds_its_route(path, app):
    assert app_of(table(*TABLE).find("wiki.example", path)) == app


def upstreams():
    """Every way an upstream may put these steps together, in an order that occurs."""
    steps = (
        unquote,
        unquote,
        lambda path: path.replace("\\", "/"),
        lambda path: re.split("[?#]", path, maxsplit=1)[0],
        lambda path: re.sub(";[^/]*", "", path),
        lambda path: "/" + normpath(path).lstrip("/"),
        str.lower,
    )
    return [chosen for count in range(len(steps) + 1) for chosen in itertools.combinations(steps, count)]


UPSTREAMS = upstreams()


def read_by(upstream, path):
    for step in upstream:
        path = step(path)
    return path


@given(st.text("/.%2eE5cC3bF;?adminADMIN\\x", max_size=14), st.sampled_from(UPSTREAMS))
def test_no_path_reaches_a_laxer_route_when_a_reading_of_it_is_the_stricter_one(tail, upstream):
    """However an upstream decodes, joins, cuts or climbs: what it takes for /admin was judged by admin's rule."""
    path = "/" + tail.partition("?")[0]
    found = app_of(table(*TABLE).find("wiki.example", path))
    plain = read_by(upstream, path)
    if plain == "/admin" or plain.startswith("/admin/"):
        assert found in {"admin", "deep", Miss.AMBIGUOUS}


@given(
    st.lists(
        st.sampled_from(
            ["/", "//", "/.", "/..", "\\", "%2f", "%5C", ";", ";x", "%3b", "%3F", "?", "#", "admin", "Admin",
             "%61dmin", "%2561dmin", "tools", "x", "%2e", "%252e", "."]
        ),
        max_size=7,
    ),
    st.sampled_from(UPSTREAMS),
)  # fmt: skip
def test_no_mixture_of_tricks_does_either(pieces, upstream):
    path = "/" + "".join(pieces).partition("?")[0].partition("#")[0]
    found = app_of(table(*TABLE).find("wiki.example", path))
    plain = read_by(upstream, path)
    for prefix, judged_by in (("/admin/tools", {"deep"}), ("/admin", {"admin", "deep"})):
        if plain == prefix or plain.startswith(prefix + "/"):
            assert found in {*judged_by, Miss.AMBIGUOUS}


def test_our_own_pages_are_found_on_every_served_host_whatever_is_mapped_there():
    assert table(*TABLE).find("other.example", "/_yett/callback") is Miss.RESERVED
    assert table(*TABLE).find("wiki.example", "/_yett/anything") is Miss.RESERVED
    assert table(*TABLE).find("third.example", "/_yett/callback") is Miss.NO_HOST


def test_two_mappings_that_differ_in_capitals_only_are_told_apart():
    made = table(mapping("small", path="/a"), mapping("large", path="/A"), mapping("all"))
    assert app_of(made.find("wiki.example", "/a/x")) == "small"
    assert app_of(made.find("wiki.example", "/A/x")) == "large"


def test_the_home_of_a_host_is_its_shortest_path():
    assert table(*TABLE).home("wiki.example").path == "/"
    assert table(*TABLE).home("other.example").path == "/only"


def test_what_the_table_remembers_is_bounded():
    made = table(*TABLE)
    for number in range(9000):
        assert app_of(made.find("wiki.example", f"/{number}")) == "all"
        made.find("other.example", f"/{number}")
    made.find("wiki.example", "/" + "x" * 5000)
    remembered = [path for each in made._found.values() for path in each]
    assert len(remembered) <= 4096
    assert max(map(len, remembered)) <= 256


def test_of_two_mappings_for_one_place_the_first_is_used_and_the_other_named():
    made = table(mapping("first", path="/x"), mapping("second", path="/x/"))

    assert [route.app for route in made.routes] == ["first"]
    assert [(each.route.app, each.kept.app) for each in made.duplicates] == [("second", "first")]


def test_a_public_mapping_tells_no_identity():
    route = table(mapping(public=True)).find("wiki.example", "/")

    assert route.rule.is_public
    assert not route.identity_headers


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": "id.example"}, "is the sign-in host"),
        ({"public": True, "groups": ("staff",)}, "cannot ask for groups"),
        ({"service": "http://10.0.0.1:99999"}, "out of range"),
        ({"service": "http://10.0.0.1:0"}, "no port"),
        ({"service": "http://[:::1]"}, "service"),
        ({"path": "/_yett/x"}, "gateway's own"),
        ({"path": "/_YETT"}, "gateway's own"),
        ({"host": "a" * 254}, "at most 253"),
        ({"service": "https://h", "ca_file": Path("/nowhere.pem")}, "/nowhere.pem"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_named_with_the_reason(changes, words):
    with pytest.raises(BadMapping, match=words) as caught:
        table(mapping(**changes))
    assert str(caught.value).startswith("wiki: ")


@pytest.mark.parametrize(
    ("service", "upstream"),
    [
        ("http://10.0.0.1", ("10.0.0.1", 80, "", "")),
        ("http://[::1]:8080/", ("::1", 8080, "", "")),
        ("https://app.internal", ("app.internal", 443, "app.internal", "")),
        ("unix:/run/app.sock", ("", 0, "", "/run/app.sock")),
    ],
)
def test_a_service_becomes_an_upstream(service, upstream):
    made = table(mapping(service=service)).routes[0].upstream
    assert (made.host, made.port, made.tls_name, made.unix_path) == upstream


def test_the_services_own_host_is_sent_when_asked_for():
    assert table(mapping(preserve_host=False)).routes[0].host_header == b"10.0.0.1:80"
    assert table(mapping()).routes[0].host_header == b""


@pytest.mark.parametrize(
    "wrong",
    [
        'path = "/a/../b"',
        'path = "/a//b"',
        'path = "/."',
        'path = "/a;b"',
        'path = "/a%20b"',
        'path = "a"',
        'service = "http://user@h"',
        'service = "http://h/path"',
        'service = "http://h\\u0000"',
        'service = "ftp://h"',
        'host = "Wiki.example"',
        'host = "wiki.example:8443"',
    ],
)
def test_a_mapping_that_could_never_work_is_refused_when_the_settings_are_read(tmp_path, wrong):
    values = {"app": '"Wiki"', "host": '"wiki.example"', "service": '"http://h:1"'}
    name, _, value = wrong.partition(" = ")
    lines = [f"{key} = {text}" for key, text in {**values, name: value}.items()]
    path = tmp_path / "yett.toml"
    path.write_text("\n".join(['[service]\nhostname = "id.example"\n[[proxy.mapping]]', *lines]))

    with pytest.raises(ConfigInvalid) as caught:
        load(path, {}, SECTIONS)

    assert [mistake.key.rpartition(".")[2] for mistake in caught.value.mistakes] == [name]


# Pools.


def test_a_route_with_a_pool_has_no_upstream_of_its_own():
    route = compile_routes((mapping(service="", pool="web"),), "id.example", {"web"}).routes[0]
    assert (route.pool_id, route.address, route.upstream.host) == ("web", "pool web", "")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"service": ""}, "either a service or a pool"),
        ({"pool": "web"}, "either a service or a pool"),
        ({"service": "", "pool": "other"}, r"no \[\[proxy.pool\]\] named 'other'"),
        ({"fallback": "http://10.0.0.9"}, "a fallback is for mappings with a pool"),
    ],
)
def test_a_mapping_goes_to_one_service_or_to_one_pool_that_there_is(changes, problem):
    with pytest.raises(BadMapping, match=problem):
        compile_routes((mapping(**changes),), "id.example", {"web"})


# Wildcards.

ONE = "one.apps.example.test"
FAMILY = "*.apps.example.test"
FAMILIES = (
    mapping("Apps", host=FAMILY),
    mapping("Own", host="own.apps.example.test", path="/own"),
    mapping(),
)


@pytest.mark.parametrize(
    ("host", "app"),
    [
        (ONE, "Apps"),
        ("x-1.apps.example.test", "Apps"),
        ("own.apps.example.test", Miss.NO_PATH),
        ("apps.example.test", Miss.NO_HOST),
        ("a.b.apps.example.test", Miss.NO_HOST),
        ("xapps.example.test", Miss.NO_HOST),
        (".apps.example.test", Miss.NO_HOST),
        ("a_b.apps.example.test", Miss.NO_HOST),
        ("-a.apps.example.test", Miss.NO_HOST),
        (f"{ONE}.", Miss.NO_HOST),
        ("wiki.example", "wiki"),
    ],
)
def test_a_wildcard_is_one_label_and_an_own_mapping_comes_first(host, app):
    found = table(*FAMILIES).find(host, "/")
    assert getattr(found, "app", found) == app


def test_the_wildcard_with_more_labels_is_the_one():
    made = table(mapping("Short", host="*.example.test"), mapping("Long", host=FAMILY))
    assert made.find(ONE, "/").app == "Long"
    assert made.find("apps.example.test", "/").app == "Short"


def test_the_names_of_a_wildcard_share_one_memory():
    made = table(*FAMILIES)
    for number in range(5000):
        made.find(f"h{number}.apps.example.test", f"/{number}")
    assert len(made._found) == 3
    assert sum(map(len, made._found.values())) <= 4096


def test_one_certificate_is_good_for_all_of_them():
    (_, plan, *_) = plans_for("login.example.test", table(*FAMILIES).hosts)
    assert plan.names == (FAMILY,)
