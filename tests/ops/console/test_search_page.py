import html
import re

from tests.events import samples  # noqa: F401 - declares events that are looked up
from tests.ops.console.conftest import text_of
from tests.ops.console.log import denied, entry

from yett.ops.console import events, searching
from yett.ops.console.model import Ending
from yett.ops.searching import LogsSettings, QuerySettings

HOSTILE = '\u202e"><script>alert(1)</script>\x1b[2J\n2026-01-01 ERROR forged'


async def test_what_is_found_is_shown_and_the_search_is_on_record(desk, reader, heard):
    desk.write(denied(), entry(30, msg="Nothing of interest"), entry(7200, msg="Long ago"))
    page = await reader.get("/console/logs")
    text = text_of(page)
    assert page.status_code == 200
    assert "2 records" in text
    assert "Access denied" in text
    assert "Nothing of interest" in text
    assert "Long ago" not in text
    assert "A signed-in person asked for something the rule keeps from them." in text
    assert heard("console.search") == [
        (
            events.searched,
            {
                "user": "ada",
                "sought": "range=1h",
                "shown": 2,
                "found": 2,
                "ending": Ending.COMPLETE,
                "masked": False,
            },
        )
    ]


async def test_every_field_of_the_form_narrows(desk, reader):
    desk.write(denied(), entry(30, msg="Other", user="x", status=500))
    for query, count in (
        ("q=ACCESS", 1),
        ("user=bob", 1),
        ("level=warn", 1),
        ("audit=1", 1),
        ("component=proxy", 1),
        ("code=access.*", 1),
        ("session=s-1", 1),
        ("where=status%3E%3D500", 1),
        ("q=nothing", 0),
        ("range=all", 2),
        ("saved=denied", 1),
    ):
        page = await reader.get(f"/console/logs?{query}")
        assert page.text.count('<p class="what">') == count, query


async def test_the_form_comes_back_as_it_was_filled_in(reader):
    page = await reader.get('/console/logs?q="<b>&range=7d&level=warn&where=status%3E%3D500&user=bob')
    assert 'value="&#34;&lt;b&gt;"' in page.text
    assert '<option value="7d" selected>' in page.text
    assert '<option value="warn" selected>' in page.text
    assert ">status&gt;=500</textarea>" in page.text


async def test_mistakes_are_told_at_their_fields_and_nothing_is_searched(reader, heard):
    page = await reader.get("/console/logs?where=stauts%3D1&from=soon")
    assert page.status_code == 422
    assert "did you mean status?" in text_of(page)
    assert "Write a time as" in text_of(page)
    assert page.text.partition("</head>")[2].count('aria-invalid="true"') == 2
    assert not heard("console.search")
    for raw in ("q=1&q=2", "q=%zz", "a=b&" * 40, f"q={'x' * 6000}"):
        assert (await reader.get(f"/console/logs?{raw}")).status_code == 400


async def test_what_strangers_wrote_stays_text(desk, reader):
    desk.write(
        denied(user=HOSTILE, server__request__path=HOSTILE, session__ref=HOSTILE, msg=HOSTILE),
        entry(10, component=HOSTILE, level=HOSTILE, code=HOSTILE, **{HOSTILE: HOSTILE}),
    )
    page = await reader.get("/console/logs")
    assert "<script" not in page.text
    assert "\u202e" not in page.text
    assert "\x1b" not in page.text
    assert "⟨U+202E⟩" in page.text
    # A line of the log stays one, whatever stands in it.
    assert page.text.count('<p class="what">') == 2
    for href in re.findall(r'href="([^"]*)"', page.text):
        assert html.unescape(href).startswith(("/", "data:image/svg", "#"))
    assert not re.search(r'class="[^"]*forged', page.text)


async def test_pages_go_back_in_time(desk, reader):
    desk.write(*(entry(number, n=f"n{number}.") for number in range(1, 121)))
    page = await reader.get("/console/logs")
    seen = re.findall(r"n=(n\d+)\.", page.text)
    assert "Newest" not in page.text
    while older := re.search(r'href="([^"]+)">Older</a>', page.text):
        page = await reader.get(html.unescape(older[1]))
        seen += re.findall(r"n=(n\d+)\.", page.text)
    assert list(dict.fromkeys(seen)) == [f"n{number}" for number in range(1, 121)]
    assert "further back" in text_of(page)
    assert ">Newest</a>" in page.text


async def test_counts_are_drawn_and_stand_as_a_table(desk, reader):
    desk.write(*(entry(60 * number) for number in range(1, 30)), *(entry(61) for _ in range(9)))
    page = await reader.get("/console/logs")
    assert page.text.count('<rect class="count"') == 29
    assert "per minute, at most 10" in text_of(page)
    link = html.unescape(re.search(r'<td><a href="([^"]+)"', page.text)[1])
    one = await reader.get(link)
    assert "1 record" in text_of(one)


async def test_everything_is_drawn_too(desk, reader):
    desk.write(entry(400 * 86_400), entry(10))
    text = await desk.text(reader, "/console/logs", range="all")
    assert "2 records" in text
    assert "per 7 days" in text or "per 28 days" in text


async def test_somebody_without_a_right_to_personal_data_sees_none(desk, reader, heard):
    await desk.use(groups=(), masked_groups=("wiki",))
    desk.write(denied(), entry(5, code="other.thing", msg="bob was here"))
    page = await reader.get("/console/logs")
    assert "personal data hidden" in page.text
    assert "Access denied" in page.text
    assert "auth.user_id, " in page.text
    for secret in ("bob", "192.0.2.9", "/secret", "guests"):
        assert secret not in page.text
    assert heard("console.search")[0][1]["masked"] is True
    # Nor is it told by the number of hits.
    for query in ("q=bob", "q=192.0.2.9", "q=secret", "q=guests"):
        assert "Nothing found" in text_of(await reader.get(f"/console/logs?{query}"))
    assert "1 record" in text_of(await reader.get("/console/logs?q=no_group"))
    for query in ("user=bob", "where=auth.user_id%3Dbob", "where=groups_held", "where=user!%3Dbob"):
        assert (await reader.get(f"/console/logs?{query}")).status_code == 422


async def test_a_link_of_another_site_fills_the_form_in_and_searches_nothing(desk, reader, heard):
    desk.write(denied())
    for site in ("cross-site", "same-site"):
        page = await reader.get("/console/logs?q=denied", headers={"Sec-Fetch-Site": site})
        assert "Press Search" in page.text
        assert 'value="denied"' in page.text
        assert "Access denied" not in page.text
    assert not heard("console.search")


async def test_too_many_searches_are_told_to_come_back(desk, reader, heard, monkeypatch):
    monkeypatch.setattr(searching, "_PATIENCE", 0.01)
    async with desk.console._searches.place(), desk.console._searches.place():
        page = await reader.get("/console/logs?q=x")
    assert page.status_code == 503
    assert page.headers["retry-after"] == "5"
    assert (events.too_many, {"user": "ada"}) in heard("console")


async def test_a_search_that_was_cut_short_says_how_far_it_got(desk, reader, monkeypatch):
    monkeypatch.setattr(searching, "_MOST_COUNTED", 60)
    desk.write(*(entry(number) for number in range(200)))
    text = await desk.text(reader, "/console/logs")
    assert "More than 60 records" in text
    assert "Everything back to 15 Jan 2027, 07:59:01 UTC was looked at, and nothing older." in text
    page = await reader.get("/console/logs")
    assert 'class="unknown"' in page.text


async def test_saved_searches_stand_on_the_page(desk, reader):
    await desk.console.apply(
        desk.console._door.settings,
        LogsSettings(query=(QuerySettings(name="mine", help="What I want.", text="disk"),)),
    )
    page = await reader.get("/console/logs")
    assert 'href="/console/logs?saved=mine" title="What I want."' in page.text
    assert 'href="/console/logs?saved=failed-sign-ins"' in page.text
    page = await reader.get("/console/logs?saved=mine")
    assert 'aria-current="true">mine</a>' in page.text
    assert '<input type="hidden" name="saved" value="mine">' in page.text


async def test_the_first_page_is_the_search(reader):
    assert (await reader.get("/console")).headers["location"] == "/console/logs"
