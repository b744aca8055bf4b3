import csv
import io

import msgspec
from tests.ops.console.log import denied, entry

from yett.ops.console import events, export, searching
from yett.ops.console.model import Form


async def test_what_is_found_is_taken_along_as_lines(desk, reader, heard):
    desk.write(denied(), *(entry(number, n=number) for number in range(1, 1300)))
    answer = await reader.get("/console/export.jsonl?range=24h")
    lines = [msgspec.json.decode(line) for line in answer.text.splitlines()]
    assert len(lines) == 1300
    assert lines[0]["n"] == 1
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"].startswith('attachment; filename="yett-log-20270115T080000Z')
    assert answer.headers["cache-control"] == "no-store"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert heard("console.export") == [
        (
            events.export_started,
            {"user": "ada", "sought": "range=24h", "form": Form.JSON, "masked": False},
        ),
        (events.export_ended, {"user": "ada", "records": 1300, "is_whole": True}),
    ]


async def test_a_table_is_safe_to_open(desk, reader):
    desk.write(denied(user="=cmd|'/c calc'!A1"), entry(1, msg='a "quoted", text'))
    answer = await reader.get("/console/export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["msg"] for row in rows] == ['a "quoted", text', "Access denied"]
    assert rows[1]["auth.user_id"] == "'=cmd|'/c calc'!A1"
    assert answer.headers["content-type"].startswith("text/csv")


async def test_there_is_a_limit_and_it_is_told_in_the_log(desk, reader, heard):
    await desk.use(export_limit=3)
    desk.write(*(entry(number) for number in range(10)))
    answer = await reader.get("/console/export.jsonl")
    assert len(answer.text.splitlines()) == 3
    assert heard("console.export")[-1][1] == {"user": "ada", "records": 3, "is_whole": False}


async def test_with_a_limit_of_nothing_there_are_no_downloads(desk, reader):
    await desk.use(export_limit=0)
    desk.write(entry(1))
    assert (await reader.get("/console/export.csv")).status_code == 404
    assert "Download" not in (await reader.get("/console/logs")).text


async def test_what_is_hidden_is_not_taken_along(desk, reader):
    await desk.use(groups=(), masked_groups=("wiki",))
    desk.write(denied())
    for form in ("csv", "jsonl"):
        answer = await reader.get(f"/console/export.{form}")
        assert "no_group" in answer.text
        assert "bob" not in answer.text
        assert "192.0.2.9" not in answer.text
    assert (await reader.get("/console/export.csv?user=bob")).status_code == 303


async def test_one_download_at_a_time(desk, reader, monkeypatch):
    monkeypatch.setattr(searching, "_PATIENCE", 0.01)
    async with desk.console._searches.download(60):
        assert (await reader.get("/console/export.csv")).status_code == 503


async def test_a_download_that_breaks_off_says_how_much_had_gone(desk, reader, heard, monkeypatch):
    monkeypatch.setattr(export, "_BATCH", 10)
    desk.write(*(entry(number) for number in range(100)))
    sent = []

    class Left(Exception):
        pass

    app = desk.house.app

    async def breaking(scope, receive, send):
        async def count(message):
            sent.append(message)
            if len(sent) > 3:
                raise Left
            await send(message)

        try:
            await app(scope, receive, count)
        except Left:
            await send({"type": "http.response.body", "body": b""})

    desk.house.app = breaking
    await reader.get("/console/export.jsonl")
    (_, said) = heard("console.export")[-1]
    assert said == {"user": "ada", "records": 30, "is_whole": False}
    desk.house.app = app
    # And the place is free again.
    assert len((await reader.get("/console/export.jsonl")).text.splitlines()) == 100


async def test_asking_for_the_head_alone_takes_nothing(desk, reader, heard):
    desk.write(entry(1))
    answer = await reader.head("/console/export.jsonl")
    assert answer.status_code == 200
    assert not answer.content
    assert heard("console.export")[-1][1]["records"] == 0
