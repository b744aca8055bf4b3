import pytest

from yett.proxy.balancing.discovery import compare
from yett.proxy.balancing.discovery.rules import Changes


@pytest.mark.parametrize(
    ("known", "found", "changes"),
    [
        ((), ("b", "a"), Changes(("a", "b"), ())),
        (("a", "b"), ("b", "c"), Changes(("c",), ("a",))),
        (("a",), ("a",), Changes((), ())),
        (("a", "b"), (), Changes((), ())),
    ],
)
def test_only_differences_count_and_an_empty_answer_is_none(known, found, changes):
    assert compare(known, found) == changes
