import pytest

from yett.config import ConfigInvalid, catalogue, load
from yett.sessions import SessionSettings

SECTIONS = [catalogue.sections["sessions"]]


@pytest.fixture
def read(tmp_path):
    def read_line(line):
        path = tmp_path / "yett.toml"
        path.write_text(f"[sessions]\n{line}\n")
        return load(path, {}, SECTIONS).snapshot[SessionSettings]

    return read_line


@pytest.mark.parametrize(
    ("key", "least", "too_little", "most", "too_much"),
    [
        ("idle_timeout", '"1m"', '"59s"', '"720h"', '"721h"'),
        ("lifetime", '"1m"', '"59s"', '"2160h"', '"2161h"'),
        ("sign_on_lifetime", '"1m"', '"59s"', '"2160h"', '"2161h"'),
        ("pending_lifetime", '"30s"', '"29s"', '"24h"', '"25h"'),
        ("extend_every", '"1s"', '"0s"', '"1h"', '"61m"'),
        ("max_per_user", "1", "0", "100000", "100001"),
    ],
)
def test_each_setting_holds_within_its_bounds(read, key, least, too_little, most, too_much):
    assert getattr(read(f"{key} = {least}"), key) != getattr(read(f"{key} = {most}"), key)
    for value in (too_little, too_much):
        with pytest.raises(ConfigInvalid):
            read(f"{key} = {value}")


def test_every_setting_is_tried():
    assert {each.name for each in SessionSettings.__dataclass_fields__.values()} == {
        "idle_timeout",
        "lifetime",
        "sign_on_lifetime",
        "pending_lifetime",
        "extend_every",
        "max_per_user",
    }
