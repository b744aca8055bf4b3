import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.assets.opening import Opened, Wrong, is_climbing, names_of, open_below


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "site"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub" / "b.txt").write_text("b")
    (tmp_path / "secret.txt").write_text("secret")
    return root


def read(site, *names):
    found = open_below(str(site), names)
    if isinstance(found, Wrong):
        return found
    try:
        return "directory" if found.is_directory else os.read(found.handle, 100).decode()
    finally:
        os.close(found.handle)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("below", "names"),
    [
        ("", ()),
        ("/", ()),
        ("/a.txt", ("a.txt",)),
        ("/sub/", ("sub",)),
        ("/a%20b/%C3%A9", ("a b", "é")),
        ("/%252e%252e", ("%2e%2e",)),
        ("/.well-known/x", (".well-known", "x")),
        ("/.git/config", Wrong.MISSING),
        ("/.env", Wrong.MISSING),
        ("/...", Wrong.MISSING),
        ("/../x", Wrong.TRAVERSAL),
        ("/a/%2e%2e/x", Wrong.TRAVERSAL),
        ("/.", Wrong.TRAVERSAL),
        ("/a%2fb", Wrong.INVALID),
        ("/..%2fb", Wrong.INVALID),
        ("/a%5cb", Wrong.INVALID),
        ("/a%00.txt", Wrong.INVALID),
        ("/a%0a", Wrong.INVALID),
        ("/a//b", Wrong.INVALID),
        ("/%ff", Wrong.INVALID),
        ("/%c0%ae%c0%ae", Wrong.INVALID),
        ("/%ed%a0%80", Wrong.INVALID),
    ],
)
def test_a_path_becomes_names_or_a_reason(below, names):
    assert names_of(below) == names


@given(st.text(alphabet="/.%2eEfFc05C\\aA\0é", max_size=30))
def test_no_path_becomes_a_name_that_climbs(below):
    names = names_of(below)
    if not isinstance(names, Wrong):
        assert not any(name in {"", ".", ".."} or "/" in name or "\0" in name for name in names)


@pytest.mark.parametrize(
    ("path", "verdict"),
    [("/a/../b", True), ("/a/..", True), ("/%2e%2e/x", True), ("/%252e%252e/", True), ("/..;/x", True),
     ("/..\\x", True), ("/a..b", False), ("/a//b", False), ("/...", False)],
)  # fmt: skip
def test_climbing_is_told_from_other_oddities(path, verdict):
    assert is_climbing(path) is verdict


def test_files_inside_are_opened_and_directories_told_apart(site):
    assert read(site, "a.txt") == "a"
    assert read(site, "sub", "b.txt") == "b"
    assert read(site, "sub") == "directory"
    assert read(site) == "directory"
    assert read(site, "nothing") is Wrong.MISSING
    assert read(site, "a.txt", "x") is Wrong.MISSING
    assert read(site, "x" * 300) is Wrong.MISSING


def test_links_that_stay_inside_are_followed(site):
    (site / "link.txt").symlink_to("sub/b.txt")
    (site / "sub" / "up.txt").symlink_to("../a.txt")
    (site / "current").symlink_to("sub")
    (site / "..data").symlink_to("sub")
    (site / "mounted.txt").symlink_to("..data/b.txt")
    (site / "sub" / "deep" / "far").symlink_to("../../sub/./b.txt")
    assert read(site, "link.txt") == "b"
    assert read(site, "sub", "up.txt") == "a"
    assert read(site, "current", "b.txt") == "b"
    assert read(site, "current", "up.txt") == "a"
    assert read(site, "mounted.txt") == "b"
    assert read(site, "sub", "deep", "far") == "b"


@pytest.mark.parametrize(
    "target",
    ["../secret.txt", "sub/../../secret.txt", "/etc/passwd", "sub/deep/../../../secret.txt", ".."],
)
def test_links_that_lead_out_are_not(site, target):
    (site / "out").symlink_to(target)
    assert read(site, "out") is Wrong.TRAVERSAL


def test_a_link_out_in_the_middle_of_the_way_is_not_followed_either(site):
    (site / "out").symlink_to("..")
    (site / "abs").symlink_to(site.parent)
    assert read(site, "out", "secret.txt") is Wrong.TRAVERSAL
    assert read(site, "abs", "secret.txt") is Wrong.TRAVERSAL


def test_links_in_circles_end(site):
    (site / "one").symlink_to("two")
    (site / "two").symlink_to("one")
    (site / "self").symlink_to("self/self")
    assert read(site, "one") is Wrong.MISSING
    assert read(site, "self") is Wrong.MISSING


def test_the_directory_itself_may_be_a_link(site, tmp_path):
    (tmp_path / "www").symlink_to(site)
    assert read(tmp_path / "www", "a.txt") == "a"
    assert read(tmp_path / "gone", "a.txt") is Wrong.MISSING


def test_pipes_and_sockets_hold_nobody_up(site):
    os.mkfifo(site / "pipe")
    assert read(site, "pipe") is Wrong.MISSING


def test_nothing_stays_open(site):
    (site / "out").symlink_to("sub/../../secret.txt")
    (site / "loop").symlink_to("loop")
    before = open_files()
    for names in (("a.txt",), ("sub", "b.txt"), ("out",), ("loop",), ("nothing",), ("sub", "x", "y"), ()):
        read(site, *names)
    assert open_files() == before


def test_what_is_opened_has_the_facts_of_the_file_itself(site):
    found = open_below(str(site), ("a.txt",))
    assert isinstance(found, Opened)
    assert (found.facts.st_size, found.name) == (1, "a.txt")
    os.close(found.handle)
