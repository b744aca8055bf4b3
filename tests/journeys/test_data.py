"""An operator looks at what is kept about people, and at which settings were in force when."""

import contextlib
import json
import sqlite3

from tests.journeys.gateway import SIGN_IN, Visitor, until


def ask(gateway, *words):
    return json.loads(gateway.run("--json", "admin", *words))


def home(visitor):
    return visitor.get("/", SIGN_IN).text


def test_what_is_remembered_of_a_sign_in_is_shown_to_the_person_and_to_the_operator(gateway):
    for _ in range(2):
        visitor = Visitor(gateway)
        visitor.NAVIGATION = {**Visitor.NAVIGATION, "Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
        assert visitor.sign_in("alice").status == 200

    assert "Last time" in home(visitor)
    assert ", from 127.0.0.1" in home(visitor)
    kept = ask(gateway, "data", "list", "alice")
    assert [(row["module"], row["key"]) for row in kept] == [
        ("preferences", "language"),
        ("preferences", "belongs_to"),
        ("signin", "visits"),
        ("signin", "belongs_to"),
    ]
    assert "127.0.0.1" not in gateway.run("admin", "data", "list", "alice")
    valued = gateway.run("admin", "data", "list", "alice", "--values")
    assert "127.0.0.1" in valued
    assert "de-AT" in valued
    assert "alice" in [row["user"] for row in ask(gateway, "data", "users", "signin")]

    gateway.run("admin", "data", "delete", "signin", "alice")
    assert ask(gateway, "data", "exists", "signin", "alice")[0]["kept"] is False
    assert "Last time" not in home(visitor)
    assert gateway.run("admin", "data", "delete", "signin", "alice", check=False).returncode == 1


def test_a_name_that_leads_out_of_the_history_is_refused_and_recorded(gateway):
    done = gateway.run("admin", "config", "history-show", "../../etc/passwd", check=False)

    assert done.returncode == 1
    assert "leads out of the history" in done.stderr
    assert "root:" not in done.stdout + done.stderr
    said = until(
        lambda: [each for each in gateway.records() if each["msg"] == "Path traversal attempt blocked"],
        what="the record",
    )
    assert said[-1]["file"] == "config/../../etc/passwd"


def test_the_settings_in_force_can_be_looked_up_afterwards(make_gateway):
    gateway = make_gateway()
    gateway.start()
    (first,) = ask(gateway, "config", "history")
    gateway.write(telemetry='log_level = "debug"')
    gateway.run("admin", "config", "reload")

    states = ask(gateway, "config", "history")

    assert states[0] == first
    assert [state["changed"] for state in states] == [[], ["telemetry.log_level"]]
    before, after = (
        gateway.run("admin", "config", "history-show", state["name"], "telemetry.log_level")
        for state in states
    )
    assert "debug" not in before
    assert "debug" in after
    shown = gateway.run("admin", "config", "show")
    assert gateway.run("admin", "config", "history-show", states[1]["name"]) == shown


def test_a_store_that_takes_no_module_data_keeps_nobody_out(make_gateway):
    gateway = make_gateway()
    gateway.people()
    gateway.start()
    assert Visitor(gateway).sign_in("alice").status == 200
    gateway.stop()
    # The database itself refuses these writes, and takes all others.
    with contextlib.closing(sqlite3.connect(gateway.data / "store.db", isolation_level=None)) as store:
        for write in ("INSERT", "UPDATE", "DELETE"):
            key = "OLD" if write == "DELETE" else "NEW"
            store.execute(
                f"CREATE TRIGGER no_{write} BEFORE {write} ON records WHEN {key}.key LIKE 'moduledata/%' "
                "BEGIN SELECT RAISE(ABORT, 'no room for module data'); END"
            )
    # Nothing can be kept here either: a file stands where the folder should be.
    (gateway.data / "files" / "config").rename(gateway.data / "elsewhere")
    (gateway.data / "files" / "config").write_text("")
    gateway.start()

    visitor = Visitor(gateway)

    assert visitor.sign_in("alice").status == 200
    assert "Last time" in home(visitor)
    failures = {"PersistentSet failed", "Backend.Set failed", "Failed to read directory"}
    until(lambda: failures <= {record["msg"] for record in gateway.records()}, what="the record of it")
    done = gateway.run("admin", "data", "delete", "signin", "alice", check=False)
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    done = gateway.run("admin", "config", "history", check=False)
    assert done.returncode == 1
    assert "the history cannot be read" in done.stderr
