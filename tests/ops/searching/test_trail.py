import pytest

from yett.app import check  # noqa: F401 - catalogues every event there is
from yett.events import Query, catalogue
from yett.ops.searching import Kind, entries_of_path, query_of_rest, render_trail, trail_of
from yett.ops.searching.trail import kind_of


def said(second, component, message, **fields):
    named = {
        "session": "session.ref",
        "request": "server.request.id",
        "client": "server.request.client_ip",
        "user": "auth.user_id",
    }
    entry = {
        "time": f"2027-01-15T08:00:{second:02}.000000Z",
        "level": "INFO",
        "component": component,
        "msg": message,
    }
    return entry | {named.get(name, name): value for name, value in fields.items()}


PATH = [
    said(0, "authn.password", "Password rejected", request="r0", client="10.0.0.1", level="WARN", audit=True),
    said(1, "authn.password", "Password accepted", request="r1", client="10.0.0.1", audit=True),
    said(1, "sessions.create", "Session created", request="r1", session="s1", type="sign_on"),
    said(2, "moduledata.set", "Setting module data", request="r1", session="s1"),
    said(2, "sessions.validate", "Session validated", session="s1", level="DEBUG"),
    said(3, "sessions.create", "Session created", session="s2", type="authenticated"),
    said(4, "access", "Access denied", session="s2", app="Wiki", level="WARN", audit=True),
    said(5, "http.access", "Request completed", session="s2", app="Wiki", status=403),
    said(6, "http.access", "Request completed", session="s2", app="Wiki", status=403),
    said(7, "http.access", "Request completed", session="s1", app="sign-in", status=200),
    said(8, "sessions.create", "Session created", session="s3", type="authenticated"),
    said(9, "http.access", "Request completed", session="s3", app="Lab", status=200),
    said(10, "new.module", "Something about a person", session="s3", app="Lab", audit=True),
]


def test_the_path_is_told_by_session_in_order():
    trail = trail_of("bob", PATH)
    assert [visit.session for visit in trail.visits] == ["", "s1", "s2", "s3"]
    outside, first, second, third = trail.visits
    assert [step.message for step in outside.steps] == ["Password rejected"]
    # The factor belongs to the session that its request led to.
    assert [step.message for step in first.steps] == [
        "Password accepted",
        "Session created",
        "Request completed",
    ]
    assert (first.type, first.client_address) == ("sign_on", "10.0.0.1")
    assert [(step.kind, step.times) for step in second.steps] == [
        (Kind.SESSION, 1),
        (Kind.DECISION, 1),
        (Kind.REQUEST, 2),
    ]
    assert third.mappings == {"Lab"}
    assert third.steps[-1].kind is Kind.OTHER


def test_one_mapping_keeps_signing_in_and_leaves_out_the_others():
    told = [(entry["component"], entry.get("app")) for entry in entries_of_path(PATH, mapping="Wiki")]
    assert told == [
        ("authn.password", None),
        ("authn.password", None),
        ("sessions.create", None),
        ("sessions.create", None),
        ("access", "Wiki"),
        ("http.access", "Wiki"),
        ("http.access", "Wiki"),
    ]


def test_the_path_is_shown_with_what_was_repeated_once():
    text = render_trail(trail_of("bob", PATH, mapping="Wiki"))
    assert text.startswith("bob on Wiki: 2 sessions, 7 records\n")
    assert "Session s1 (sign_on) from 10.0.0.1" in text
    assert "(2 times until 2027-01-15 08:00:06.000Z)" in text
    assert "Lab" not in text


def test_nothing_is_an_empty_path():
    assert render_trail(trail_of("bob", [])) == "bob: 0 sessions, 0 records"


def test_nothing_that_strangers_chose_begins_a_line_of_its_own():
    entry = said(
        0, "access", "Access denied", session="s\n1", client="1\n2", app="W\n  2027", type="a\nb", x="y\nz"
    )
    assert render_trail(trail_of("bob\nada", [entry])).count("\n") == 3


def test_things_of_another_shape_are_survived():
    odd = [{"time": "x"}, {"time": "y", "component": 5, "app": 7, "session.ref": [1], "audit": True}]
    assert "1 record" in render_trail(trail_of("bob", odd))


def test_records_of_the_sessions_that_name_nobody_are_asked_for():
    rest = query_of_rest(PATH, Query(user="bob", limit=9))
    assert (rest.user, rest.session, rest.limit) == ("", ("s1", "s2", "s3"), 9)
    assert rest.matches(said(1, "sessions.extend", "Extension not stored", session="s1"))
    assert not rest.matches(said(1, "sessions.extend", "Extension not stored", session="s1", user="eve"))
    assert query_of_rest(PATH[:1], Query(user="bob")) is None


@pytest.mark.parametrize(
    "event",
    [
        event
        for event in catalogue.events.values()
        if event.audit
        and not event.module.startswith("tests.")
        and {"auth.user_id", "module_key"} & {field.name for field in event.fields}
    ],
    ids=lambda event: event.code,
)
def test_every_audit_event_about_a_person_has_its_place_on_a_path(event):
    assert kind_of(event.component) is not None, "give its component a kind in trail.py"
