import subprocess
import tomllib

from hypothesis import given
from hypothesis import strategies as st

from yett.ops.importing.model import Draft, Variable
from yett.ops.importing.writing import people_text, secrets_text, settings_text


@given(st.text(), st.text(), st.lists(st.text()))
def test_whatever_is_foreign_stays_a_value_or_a_comment(value, source, several):
    draft = Draft(notes=[source])
    table = draft.section("a")
    table.put("key", value, source)
    table.put("list", several, source)
    draft.item("b.c", source).put("key", value, source)
    read = tomllib.loads(settings_text(draft, source))
    clean = value.encode("utf-8", "replace").decode().replace("${", "$${")
    assert read["a"]["key"] == clean
    assert read["b"]["c"] == [{"key": clean}]
    assert set(read) == {"a", "b"}


def test_secrets_are_variables_that_shells_read_as_they_are(tmp_path):
    draft = Draft()
    secret = "a'b\"c$HOME`id`\\d\ne"
    assert draft.secret("client app/1 secret", secret) == Variable("CLIENT_APP_1_SECRET")
    assert draft.secret("client-app-1-secret", "other") == Variable("CLIENT_APP_1_SECRET_2")
    assert draft.secret("yett_x", "x") == Variable("IMPORTED_YETT_X")
    path = tmp_path / "secrets.env"
    path.write_text(secrets_text(draft))
    said = subprocess.run(
        ["sh", "-c", f'. {path}; printf %s "$CLIENT_APP_1_SECRET"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == secret


def test_tables_inside_arrays_stand_behind_them():
    draft = Draft()
    first = draft.item("proxy.mapping", "one")
    first.put("app", "a", "")
    first.below("retry").put("attempts", 2, "x")
    draft.item("proxy.mapping", "two").put("app", "b", "")
    draft.section("service").put("port", 1, "")
    text = settings_text(draft, "t")
    assert tomllib.loads(text) == {
        "service": {"port": 1},
        "proxy": {"mapping": [{"app": "a", "retry": {"attempts": 2}}, {"app": "b"}]},
    }


def test_people_have_no_templates():
    draft = Draft(
        people=[{"name": "ada", "display_name": "${X}", "groups": ["a"], "disabled": None, "email": ""}]
    )
    assert tomllib.loads(people_text(draft)) == {
        "user": [{"name": "ada", "display_name": "${X}", "groups": ["a"]}]
    }
