import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.assets.rules import Asked, Part, Version, judge

V = Version(1000, 1_700_000_000_500_000_000)
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


def test_a_version_is_named_by_size_and_time():
    assert V.last_modified == DATE
    assert V.tag == '"1797b69a9e6d2d00-3e8"' or V.tag.endswith('-3e8"')
    assert Version(1000, 5).tag != Version(1000, 6).tag != Version(1001, 6).tag


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ({}, Part(200, 0, 1000)),
        # Conditions: RFC 9110, 13.1.2 and 13.1.3.
        ({"if_none_match": V.tag}, Part(304)),
        ({"if_none_match": f"W/{V.tag}"}, Part(304)),
        ({"if_none_match": f'"x", {V.tag}'}, Part(304)),
        ({"if_none_match": "*"}, Part(304)),
        ({"if_none_match": '"x"'}, Part(200, 0, 1000)),
        ({"if_none_match": '"x"', "if_modified_since": DATE}, Part(200, 0, 1000)),
        ({"if_modified_since": DATE}, Part(304)),
        ({"if_modified_since": "Tue, 14 Nov 2023 22:13:19 GMT"}, Part(200, 0, 1000)),
        ({"if_modified_since": "nonsense"}, Part(200, 0, 1000)),
        ({"if_modified_since": "Tue, 99 Nov 99999999999 22:13:19 GMT"}, Part(200, 0, 1000)),
        ({"if_none_match": V.tag, "range": "bytes=0-1"}, Part(304)),
        # Ranges: RFC 9110, 14.1.2.
        ({"range": "bytes=0-0"}, Part(206, 0, 1)),
        ({"range": "bytes=10-19"}, Part(206, 10, 10)),
        ({"range": "bytes=990-"}, Part(206, 990, 10)),
        ({"range": "bytes=990-99999"}, Part(206, 990, 10)),
        ({"range": "bytes=-10"}, Part(206, 990, 10)),
        ({"range": "bytes=-5000"}, Part(206, 0, 1000)),
        ({"range": "bytes=-0"}, Part(416)),
        ({"range": "bytes=1000-"}, Part(416)),
        ({"range": "bytes=5-4"}, Part(200, 0, 1000)),
        ({"range": "bytes=0-1,5-6"}, Part(200, 0, 1000)),
        ({"range": "lines=0-1"}, Part(200, 0, 1000)),
        ({"range": "bytes=٣-"}, Part(200, 0, 1000)),
        ({"range": "bytes=0-1", "if_range": V.tag}, Part(206, 0, 2)),
        ({"range": "bytes=0-1", "if_range": f"W/{V.tag}"}, Part(200, 0, 1000)),
        ({"range": "bytes=0-1", "if_range": DATE}, Part(206, 0, 2)),
        ({"range": "bytes=0-1", "if_range": '"x"'}, Part(200, 0, 1000)),
    ],
)
def test_what_is_sent_follows_the_conditions_and_the_range(asked, part):
    assert judge(Asked(**asked), V) == part


def test_an_empty_file_has_no_part():
    empty = Version(0, 0)
    assert judge(Asked(), empty) == Part(200, 0, 0)
    assert judge(Asked(range="bytes=0-"), empty) == Part(416)
    assert judge(Asked(range="bytes=-5"), empty) == Part(416)


@given(st.builds(Asked, st.text(), st.text(), st.text(), st.text("bytes=0123456789-, ")), st.integers(0, 50))
def test_a_part_is_always_inside_the_file(asked, size):
    part = judge(asked, Version(size, 0))
    assert 0 <= part.start <= part.start + part.length <= size
