"""One immutable value with every section."""

import pytest
from tests.config.samples import Door, Mail

from yett.config import Snapshot


def test_a_snapshot_answers_by_class():
    snapshot = Snapshot({Door: Door(host="a")}, digest="d", version=3)
    assert snapshot[Door].host == "a"
    assert (snapshot.digest, snapshot.version) == ("d", 3)
    with pytest.raises(KeyError):
        snapshot[Mail]


def test_a_section_under_the_wrong_class_is_an_error():
    with pytest.raises(TypeError, match="is not a section"):
        Snapshot({Mail: Door(host="a")})[Mail]
