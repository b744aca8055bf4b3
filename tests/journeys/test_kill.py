"""Nothing acknowledged is lost, whenever the gateway is killed."""

import contextlib
import json
import threading

from tests.journeys.gateway import APP, Visitor, until


def audited(gateway):
    return [
        json.loads(line)
        for path in sorted((gateway.data / "log").glob("audit-*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def test_kill_9_under_load_loses_no_session_and_no_audit_record_of_an_answer(make_gateway):
    gateway = make_gateway()
    gateway.people()
    gateway.start()
    acknowledged = []
    refused = []
    stop = threading.Event()

    def sign_in_again_and_again(name):
        while not stop.is_set():
            visitor = Visitor(gateway)
            with contextlib.suppress(OSError, AssertionError, TypeError):
                page = visitor.sign_in(name)
                if page.status == 200:
                    acknowledged.append(visitor)
                elif page.status == 403:
                    refused.append(page.request_id)

    threads = [
        threading.Thread(target=sign_in_again_and_again, args=(name,)) for name in ("alice", "alice", "bob")
    ]
    for thread in threads:
        thread.start()
    for _ in range(3):
        entered, turned_away = len(acknowledged) + 5, len(refused) + 1
        until(lambda a=entered, r=turned_away: len(acknowledged) >= a and len(refused) >= r, seconds=60)
        gateway.kill()
        sessions, denials = list(acknowledged), list(refused)
        gateway.start()
        known = {record.get("server.request.id") for record in audited(gateway)}
        assert not [number for number in denials if number not in known]
        for visitor in sessions:
            assert visitor.get("/").status == 200
            assert visitor.at[0] == APP
    stop.set()
    for thread in threads:
        thread.join(30)


def test_stop_and_start_keeps_everything(make_gateway):
    gateway = make_gateway()
    gateway.people()
    gateway.start()
    visitor = Visitor(gateway)
    assert visitor.sign_in("alice").status == 200
    root = (gateway.data / "pki" / "root.pem").read_bytes()

    gateway.stop()
    assert gateway.process.returncode == 0
    gateway.start()

    assert visitor.get("/").status == 200
    assert visitor.at[0] == APP
    assert (gateway.data / "pki" / "root.pem").read_bytes() == root
