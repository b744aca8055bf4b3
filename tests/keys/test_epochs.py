import pytest

from yett.keys import Epochs, MasterKey, NoKey

MASTER = MasterKey(b"m" * 32)
HOUR = 3600.0
NOW = 1_800_000_000.0


class Broken:
    """A cluster key under a cryptographic library that cannot do what is asked."""

    def __init__(self):
        self.is_broken = True

    def derive(self, context, size=32):
        if self.is_broken:
            raise ValueError("no such algorithm here")
        return MASTER.derive(context, size)


def test_every_node_has_the_same_key_at_the_same_time_and_another_in_the_next_epoch():
    one, two = Epochs(MASTER, "tests", HOUR), Epochs(MASTER, "tests", HOUR)
    assert one.at(NOW).key_id == two.at(NOW + HOUR - 1).key_id
    assert one.at(NOW).key_id != one.at(NOW + HOUR).key_id


def test_keys_of_two_purposes_are_unrelated():
    assert Epochs(MASTER, "one", HOUR).at(NOW).key_id != Epochs(MASTER, "two", HOUR).at(NOW).key_id


def test_the_key_before_the_current_and_the_next_one_are_published():
    epochs = Epochs(MASTER, "tests", HOUR)
    published = epochs.published(NOW, "EdDSA")
    assert [key["kid"] for key in published] == [epochs.at(NOW + step * HOUR).key_id for step in (-1, 0, 1)]
    assert {(key["kty"], key["alg"], key["use"]) for key in published} == {("OKP", "EdDSA", "sig")}
    assert not any("d" in key for key in published)


def test_a_key_is_found_by_its_id_as_long_as_it_is_published():
    epochs = Epochs(MASTER, "tests", HOUR)
    old = epochs.at(NOW).key_id
    assert epochs.find(old, NOW + HOUR) is not None
    assert epochs.find(old, NOW + 2 * HOUR) is None
    assert epochs.find("nobody's", NOW) is None


def test_the_first_epoch_has_none_before_it():
    assert len(Epochs(MASTER, "tests", HOUR).around(0.0)) == 2


@pytest.mark.parametrize(("rotation", "seconds"), [(86400.0, 300), (600.0, 300), (60.0, 30), (1.0, 0)])
def test_published_keys_may_be_kept_until_the_one_after_next_is_needed(rotation, seconds):
    assert Epochs(MASTER, "tests", rotation).fresh_for == seconds


def test_another_pace_gives_other_keys():
    epochs = Epochs(MASTER, "tests", HOUR)
    before = epochs.at(NOW).key_id
    epochs.use(2 * HOUR)
    assert epochs.at(NOW).key_id != before


def test_without_a_key_it_is_told_whether_there_ever_was_one():
    broken = Broken()
    epochs = Epochs(broken, "tests", HOUR)
    with pytest.raises(NoKey) as first:
        epochs.at(NOW)
    broken.is_broken = False
    epochs.at(NOW)
    broken.is_broken = True
    with pytest.raises(NoKey) as second:
        epochs.at(NOW + HOUR)
    assert (first.value.is_initial, second.value.is_initial) == (True, False)
    assert second.value.epoch == int(NOW + HOUR) // 3600
