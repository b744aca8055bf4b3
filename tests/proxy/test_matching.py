import itertools
import re
from posixpath import normpath
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.config import PathKind
from yett.proxy.matching import BadPattern, Miss, Place, Places

PREFIX, EXACT, PATTERN = PathKind


def places(*described):
    return Places(Place(path, kind, number) for number, (path, kind) in enumerate(described))


def found_by(made, path):
    place = made.find(path)
    return place if isinstance(place, Miss) else place.path


SITE = places(
    ("/", PREFIX),
    ("/admin", PREFIX),
    ("/login", EXACT),
    ("/admin/health", EXACT),
    ("/**/*.png", PATTERN),
    ("/files/*/raw", PATTERN),
    ("/files/**/secret/*", PATTERN),
    ("/v*/status", PATTERN),
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/x", "/"),
        ("/login", "/login"),
        ("/login/", "/login"),
        ("/login/x", "/"),
        ("/loginx", "/"),
        ("/admin/health", "/admin/health"),
        ("/admin/health/x", "/admin"),
        ("/a.png", "/**/*.png"),
        ("/a/b/c.png", "/**/*.png"),
        ("/a/b/c.png/", "/**/*.png"),
        ("/.png", "/**/*.png"),
        ("/admin/a.png", "/admin"),  # spelt out for longer
        ("/files/7/raw", "/files/*/raw"),
        ("/files//raw", "/"),  # * is at least one character
        ("/files/7/8/raw", "/"),
        ("/files/secret/x", "/files/**/secret/*"),
        ("/files/a/b/secret/x", "/files/**/secret/*"),
        ("/files/a/secret/b/secret/x", "/files/**/secret/*"),
        ("/files/a/secret", "/"),
        ("/v1/status", "/v*/status"),
        ("/v/status", "/v*/status"),
        ("/v1/2/status", "/"),
        ("/_yett/callback", Miss.RESERVED),
    ],
)
def test_the_place_that_is_spelt_out_for_longest_wins(path, expected):
    assert found_by(SITE, path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/login;x",
        "/login%2f",
        "/login//",
        "//login",
        "/Login",
        "/LOGIN/",
        "/%6cogin",
        "/%256cogin",
        "/login%3fx",
        "/x/..;/login",
        "/a.PNG",
        "/a.png;x",
        "/a.png%3fx",
        "/a%2epng",
        "/files/7%2f8/raw",
        "/files//secret/x/",
        "/files/7;x/raw",
        "/v1%2fstatus",
        "/admin/health%23",
    ],
)
def test_a_path_that_could_be_read_as_another_place_is_refused(path):
    if path in {"/files/7;x/raw", "/files//secret/x/"}:
        # Every reading of these is the same pattern's.
        assert SITE.find(path) is not Miss.AMBIGUOUS
    else:
        assert SITE.find(path) is Miss.AMBIGUOUS


def naive(described, path):
    """The rules of the file's head, by regular expressions and without any haste."""

    def fits(text, kind):
        if kind is PREFIX:
            return path == text or path.startswith(text.rstrip("/") + "/")
        bare = path.removesuffix("/") or "/"
        if kind is EXACT:
            return path in {text, text + "/"}
        body = ""
        for segment in text[1:].split("/"):
            if segment == "**":
                body += "(?:/[^/]*)*"
            else:
                body += "/" + ("[^/]+" if segment == "*" else re.escape(segment).replace(r"\*", "[^/]*"))
        return re.fullmatch(body, bare if bare != "/" else "") is not None

    def rank(entry):
        number, (text, kind) = entry
        spelt = len(text.rstrip("/") + "/") if kind is PREFIX else len(text.split("*")[0])
        return (kind is not EXACT, -spelt, kind is not PATTERN, -len(text) if kind is PATTERN else 0, number)

    fitting = [entry for entry in enumerate(described) if fits(*entry[1])]
    return min(fitting, key=rank)[1][0] if fitting else Miss.NO_PATH


SEGMENT = st.sampled_from(["a", "b", "ab", "aab", "x.png"])
PATHS = st.lists(SEGMENT, max_size=5).map(lambda parts: "/" + "/".join(parts))
GLOBS = st.lists(
    st.one_of(SEGMENT, st.sampled_from(["*", "**", "a*", "*b", "*a*", "a*b*"])), min_size=1, max_size=5
).map(lambda parts: "/" + "/".join(parts))
DESCRIBED = st.one_of(
    st.tuples(PATHS, st.sampled_from([PREFIX, EXACT])),
    st.tuples(GLOBS.filter(lambda text: "*" in text), st.just(PATTERN)),
)


@given(st.lists(DESCRIBED, max_size=6, unique=True), PATHS, st.booleans())
def test_any_places_find_what_the_written_order_says(described, path, has_slash):
    path = path.rstrip("/") + "/" if has_slash else path
    found = found_by(places(*described), path)
    # Two places that differ in nothing a reader of paths could see are refused, never confused.
    assert found in (naive(described, path), Miss.AMBIGUOUS)
    if found is Miss.AMBIGUOUS:
        assert naive(described, path) != naive(described, path.casefold()) or "//" in path


def upstreams():
    """Every way an upstream may put these steps together, in every order of up to four."""
    steps = (
        unquote,
        lambda path: path.replace("\\", "/"),
        lambda path: re.split("[?#]", path, maxsplit=1)[0],
        lambda path: re.sub(";[^/]*", "", path),
        lambda path: re.sub("//+", "/", path),
        lambda path: "/" + normpath(path).lstrip("/"),
        str.lower,
    )
    return [chosen for count in range(4) for chosen in itertools.permutations((*steps, unquote), count)]


UPSTREAMS = upstreams()
GUARDED = places(
    ("/", PREFIX),
    ("/login", EXACT),
    ("/admin/**/edit", PATTERN),
    ("/*.cgi", PATTERN),
    ("/u/*/keys", PATTERN),
)
PIECES = st.lists(
    st.sampled_from(
        ["/", "//", "/.", "/..", "\\", "%2f", "%5C", ";", ";x", "%3b", "%3F", "#", "admin", "Admin", "edit",
         "login", "LOGIN", "%6cogin", "%256cogin", ".cgi", ".CGI", "u", "keys", "a", "%2e", "%252f", "%25"]
    ),
    max_size=8,
)  # fmt: skip


@given(PIECES, st.sampled_from(UPSTREAMS))
def test_no_mixture_of_tricks_reaches_one_place_as_another(pieces, upstream):
    path = "/" + "".join(pieces).partition("?")[0].partition("#")[0]
    found = GUARDED.find(path)
    plain = path
    for step in upstream:
        plain = step(plain)
    if not plain.startswith("/") or isinstance(found, Miss):
        return
    assert GUARDED.first(plain) is found


def test_parts_of_a_place_count_only_where_the_place_itself_does():
    part = Place("/admin", PREFIX, 1)
    made = Places(
        [Place("/", PREFIX, 0, [part]), Place("/admin/open", EXACT, 2), Place("/**/*.png", PATTERN, 3)]
    )
    numbers = {
        path: made.find(path).number for path in ("/", "/admin", "/admin/x", "/admin/open", "/admin/a.png")
    }
    assert numbers == {"/": 0, "/admin": 1, "/admin/x": 1, "/admin/open": 2, "/admin/a.png": 3}


@pytest.mark.parametrize("path", ["/Admin/x", "/admin;/x", "/%61dmin", "//admin", "/x/../admin"])
def test_no_other_reading_gets_round_a_part(path):
    made = Places([Place("/", PREFIX, 0, [Place("/admin", PREFIX, 1)])])
    assert made.find(path) is Miss.AMBIGUOUS


@pytest.mark.parametrize(("pattern", "words"), [("/a**", "by itself"), ("/" + "a/" * 16 + "*", "at most 16")])
def test_a_pattern_that_means_nothing_is_refused(pattern, words):
    with pytest.raises(BadPattern, match=words):
        Place(pattern, PATTERN)


def test_paths_made_to_be_slow_are_not_compared():
    slow = places(("/", PREFIX), ("/**/a/a/a/a/**/a/a/a/b/**/*a*a*a*b", PATTERN))
    assert slow.find("/" + "a/" * 2100) is Miss.TOO_LONG
    assert found_by(slow, "/" + "a/" * 2000) == "/"
    assert slow.find("/" + "%61/" * 300) is Miss.TOO_LONG
    assert slow.find("/" + ";x%2f" * 200) in {Miss.AMBIGUOUS, slow.first("/")}
    # A host of prefixes has no such bound.
    assert found_by(places(("/", PREFIX)), "/" + "%61/" * 3000) == "/"


@pytest.mark.parametrize(
    "path", ["/%25%32%66" * 40, "/;%3b%5c%2f//" * 30, "/%c0%af", "/\x7f%00", "/" + "%" * 900]
)
def test_any_nonsense_gets_an_answer(path):
    assert isinstance(GUARDED.find(path), (Miss, Place))


SMALL = places(("/", PREFIX), ("/admin", PREFIX), ("/login", EXACT))


@given(st.text("/a.dmin_yetlog%~;-A", max_size=14).map("/".__add__))
def test_the_short_way_comes_to_the_same_place_as_the_long_one(path):
    found = SMALL.find(path)
    SMALL._is_small = False
    try:
        assert SMALL.find(path) is found
    finally:
        SMALL._is_small = True
