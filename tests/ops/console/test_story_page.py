import threading

import pytest
from tests.ops.console.conftest import text_of
from tests.ops.console.log import NOW, OTHER, REQUEST, denied, entry

from yett.ops.console import events, searching, telling

SESSION = "01a3185b-65a0-7000-8000-0000000000aa"


def story_of_bob(user="bob"):
    """A session of bob's, a refusal and the end of that request."""
    common = {"server__request__id": REQUEST, "session__ref": SESSION, "auth__user_id": user}
    return (
        entry(
            90,
            component="sessions.create",
            code="sessions.create.created",
            msg="Session created",
            audit=True,
            server__request__id=OTHER,
            session__ref=SESSION,
            module_key=user,
            type="sign_on",
        ),
        denied(59.99, user, session__ref=SESSION),
        entry(
            59.9,
            component="http.access",
            code="http.access.completed",
            msg="Request completed",
            server__request__method="GET",
            host="wiki.example.test",
            server__request__path="/secret",
            status=403,
            duration_ms=90.5,
            app="Wiki",
            rule="wiki",
            **common,
        ),
    )


async def test_a_request_tells_who_what_and_why(desk, reader, heard):
    desk.write(*story_of_bob())
    page = await reader.get(f"/console/requests/{REQUEST}")
    text = text_of(page)
    assert page.status_code == 200
    for words in (
        "bob",
        "GET wiki.example.test/secret",
        "192.0.2.9",
        "denied by rule wiki",
        "403 after 90.5 ms",
    ):
        assert words in text
    assert "Access denied" in text
    assert 'class="verdict bad"' in page.text
    assert 'href="/console/people/bob"' in page.text
    assert f'href="/console/sessions/{SESSION}"' in page.text
    assert page.text.count('<svg class="span"') == 2
    assert heard("console.story") == [
        (
            events.story_read,
            {"user": "ada", "kind": "request", "sought": REQUEST, "records": 2, "masked": False},
        )
    ]


async def test_a_session_tells_its_life(desk, reader, heard):
    desk.write(*story_of_bob())
    text = await desk.text(reader, f"/console/sessions/{SESSION}")
    for words in ("Session", "bob", "wiki.example.test", "192.0.2.9"):
        assert words in text
    assert heard("console.story")[0][1]["kind"] == "session"


async def test_a_person_tells_a_day_or_more(desk, reader, heard):
    desk.write(*story_of_bob(), denied(3 * 86_400, request="r-old", app="Oldest"))
    page = await reader.get("/console/people/bob")
    text = text_of(page)
    assert "wiki.example.test" in text
    assert 'aria-current="true">24 hours</a>' in page.text
    assert "2027-01-12" not in text
    assert "2027-01-12" in await desk.text(reader, "/console/people/bob", range="7d")
    assert heard("console.story")[0][1]["kind"] == "person"
    assert (await reader.get("/console/people/bob?range=x")).status_code == 400
    assert (await reader.get("/console/people/bob?a=1&a=2")).status_code == 400


@pytest.mark.parametrize("kind", ["requests", "sessions", "people"])
async def test_what_the_log_knows_nothing_of(reader, kind, heard):
    page = await reader.get(f"/console/{kind}/nobody-{NOW:.0f}")
    assert page.status_code == 404
    assert "The log knows nothing of this" in page.text
    # That somebody asked is worth as much as that they found something.
    assert len(heard("console.story")) == 1


@pytest.mark.parametrize("name", ["%2e%2e", "a%20b", "%00", "%E2%80%AEx", "x" * 129, "%3Cscript%3E"])
async def test_what_cannot_be_a_name_is_nowhere(reader, name, heard):
    assert (await reader.get(f"/console/requests/{name}")).status_code == 404
    assert not heard("console.story")


async def test_whatever_was_typed_leads_to_its_story(desk, reader):
    desk.write(*story_of_bob())
    for typed, to in (
        (REQUEST, f"/console/requests/{REQUEST}"),
        (f" {SESSION} ", f"/console/requests/{SESSION}"),
        ("bob", "/console/people/bob"),
        ("two words", "/console/logs?q=two+words"),
        ("//evil.example", "/console/logs?q=%2F%2Fevil.example"),
        ("", "/console/logs"),
    ):
        answer = await reader.get("/console/find", params={"id": typed})
        assert answer.headers["location"] == to
    # Ids of sessions look like those of requests; the log knows better.
    answer = await reader.get(f"/console/requests/{SESSION}")
    assert answer.headers["location"] == f"/console/sessions/{SESSION}"


async def test_a_story_without_personal_data(desk, reader):
    await desk.use(groups=(), masked_groups=("wiki",))
    desk.write(*story_of_bob())
    for path in (f"/console/requests/{REQUEST}", f"/console/sessions/{SESSION}"):
        page = await reader.get(path)
        assert page.status_code == 200
        for secret in ("bob", "192.0.2.9", "/secret", "guests"):
            assert secret not in page.text
    page = await reader.get("/console/people/bob")
    assert page.status_code == 403
    assert "hidden from you" in page.text


async def test_stories_of_strangers_stay_text(desk, reader):
    hostile = '\u202e"><script>x</script>\x1b[2J'
    desk.write(*story_of_bob(hostile))
    for path in (f"/console/requests/{REQUEST}", f"/console/sessions/{SESSION}"):
        page = await reader.get(path)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "\u202e" not in page.text
        assert "\x1b" not in page.text


async def test_too_many_at_once_are_told_to_come_back(desk, reader, monkeypatch):
    monkeypatch.setattr(searching, "_PATIENCE", 0.01)
    async with desk.console._searches.place(), desk.console._searches.place():
        assert (await reader.get(f"/console/requests/{REQUEST}")).status_code == 503


async def test_a_request_without_end_is_drawn_in_part_and_elsewhere_than_in_the_loop(
    desk, reader, monkeypatch
):
    threads = set()
    draw = telling.request

    def watched(story):
        threads.add(threading.get_ident())
        return draw(story)

    monkeypatch.setattr(telling, "request", watched)
    monkeypatch.setattr(telling, "MOST_STEPS", 5)
    desk.write(*(entry(60 - number / 10, server__request__id=REQUEST) for number in range(12)))
    page = await reader.get(f"/console/requests/{REQUEST}")
    assert page.text.count('<svg class="span"') == 5
    assert "7 later ones are left out" in page.text
    assert threads
    assert threading.get_ident() not in threads
