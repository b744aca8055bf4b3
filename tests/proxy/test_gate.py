from dataclasses import replace

import pytest
from tests.proxy.conftest import (
    ADDRESS,
    DOCS,
    NAVIGATION,
    ONLY,
    PAGE,
    SIGN_IN,
    WIKI,
    forwarded,
    mapping,
    request_for,
    session_of,
)

from yett.identity.access import Reason
from yett.identity.access import events as access
from yett.net.http import Answer, Failure, Forward, Outcome, Refusal, Serve
from yett.net.http.head import cut_cookies
from yett.proxy import events
from yett.proxy import gate as gate_module
from yett.sessions import SessionType

WEBSOCKET = {"Connection": "Upgrade", "Upgrade": "websocket", "Accept": "text/html"}


# Who is let through.


async def test_whoever_the_rule_allows_goes_on_with_a_signed_identity(ask, session, heard):
    decision, request = await ask("/page?q=1", token=session.token)

    assert isinstance(decision, Forward)
    assert decision.upstream.host == "10.0.0.1"
    assert b"X-Yett-User: ada\r\n" in decision.add
    assert b"X-Yett-Session: " + session.session.ref.encode() in decision.add
    assert decision.drop_cookies == {b"__Host-yett", b"__Host-yett-login", b"__Host-yett-pow"}
    assert (request.scope.user, request.scope.session) == ("ada", session.session.ref)
    assert heard("proxy", "access") == [
        (events.matched, {"app": "Wiki", "host": WIKI, "route_path": "/"}),
        (
            events.access_checked,
            {"app": "Wiki", "host": WIKI, "groups": ("engineers", "wiki"), "reason": "Allowed"},
        ),
        (events.proxying, {"app": "Wiki", "backend": "10.0.0.1:80"}),
    ]


async def test_a_remembered_decision_says_the_same_again(ask, session, heard):
    await ask("/page", token=session.token)
    first = heard("proxy")
    heard.forget()
    await ask("/page", token=session.token)
    assert heard("proxy") == first


async def test_whoever_is_signed_in_may_where_the_rule_names_no_group(place, ask):
    bob = await session_of(place, "bob", DOCS)
    decision, _ = await ask(host=DOCS, token=bob.token)
    assert isinstance(decision, Forward)


async def test_anybody_may_on_a_public_route_and_nobody_is_named_there(ask, session):
    for token in ("", session.token, "x" * 43):
        decision, _ = await ask("/open/x", token=token)
        assert isinstance(decision, Forward)
        assert decision.add == b""


async def test_a_decision_for_one_path_is_not_one_for_another(ask, session):
    assert isinstance((await ask("/page", token=session.token))[0], Forward)
    assert (await ask("/admin/page", token=session.token))[0].status == 403
    assert isinstance((await ask("/open/page", token=session.token))[0], Forward)


async def test_a_session_that_this_node_has_not_seen_is_looked_up(make_place):
    here = await make_place()
    there = await make_place(records=here.records)
    issued = await session_of(there, "ada")
    assert here.sessions.peek(issued.token, WIKI) is None

    request = request_for("GET", "/page", {"Host": WIKI, "Cookie": f"__Host-yett={issued.token}"})
    decision = await here.decide(request)

    assert isinstance(decision, Forward)
    assert request.scope.user == "ada"


async def test_mappings_that_change_while_a_session_is_looked_up_count(place):
    request = request_for("GET", "/page", {"Host": WIKI, "Cookie": f"__Host-yett={'x' * 43}"})
    pending = place.gate.decide(request)
    place.apply(mapping=(mapping("Docs", DOCS),))
    assert (await pending).status == 404


# Who is not.


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"groups": ("engineers",)}, Reason.NO_GROUP),
        ({"is_disabled": True}, Reason.DISABLED),
        ({}, Reason.UNKNOWN_PERSON),
    ],
)
async def test_a_person_who_may_no_longer_is_refused_at_once(place, ask, session, heard, change, reason):
    assert isinstance((await ask("/page", token=session.token))[0], Forward)
    place.people.set("ada", **change)
    heard.forget()

    # The directory has told that the session is to end; this request comes before it does.
    decision, request = await ask("/page?secret=1", token=session.token)

    assert isinstance(decision, Answer)
    assert decision.status == 403
    assert request.scope.request_id.encode() in decision.body
    held = () if reason is Reason.UNKNOWN_PERSON else change.get("groups", ("engineers", "wiki"))
    assert heard("access") == [
        (
            access.denied,
            {
                "app": "Wiki",
                "host": WIKI,
                "path": "/page",
                "rule": "Wiki",
                "reason": reason,
                "groups_needed": ("wiki",),
                "groups_held": held,
            },
        )
    ]


async def test_a_refused_person_reads_why(place, ask):
    bob = await session_of(place, "bob")
    no_group, _ = await ask(token=bob.token)
    place.people.set("bob", is_disabled=True)
    switched_off, _ = await ask(token=bob.token)

    for answer in (no_group, switched_off):
        assert b"You may not open Wiki" in answer.body
        assert b"signed in as bob" in answer.body
        assert b'href="/_yett/signout"' in answer.body
    assert b"not in a group that may" in no_group.body
    assert b"switched off" in switched_off.body
    assert b"not in a group" not in switched_off.body


async def test_a_person_who_is_out_is_not_let_onto_public_routes_as_themselves(place, ask, session):
    place.people.set("ada", is_disabled=True)
    assert (await ask("/open", token=session.token))[0].status == 403


@pytest.mark.parametrize(
    "kind",
    [each for each in SessionType if each is not SessionType.AUTHENTICATED],
    ids=lambda kind: kind.value,
)
async def test_no_other_kind_of_session_lets_anybody_in(place, ask, kind):
    issued = await place.sessions.create(kind, "ada", audience=WIKI)
    assert (await ask(token=issued.token))[0].status == 401


async def test_a_session_for_another_host_lets_nobody_in(place, ask):
    issued = await session_of(place, "ada", DOCS)
    assert (await ask(token=issued.token))[0].status == 401


async def test_a_session_that_ended_lets_nobody_in_whatever_was_decided_before(place, ask, session, clock):
    assert isinstance((await ask(token=session.token))[0], Forward)
    await place.sessions.revoke(session.session.ref)
    assert (await ask(token=session.token))[0].status == 401

    other = await session_of(place, "ada")
    assert isinstance((await ask(token=other.token))[0], Forward)
    clock.advance(365 * 86400)
    assert (await ask(token=other.token))[0].status == 401


async def test_a_store_out_of_reach_lets_nobody_in(place, ask):
    place.records.fails = frozenset({"get"})
    assert (await ask(token="x" * 43))[0].status == 401


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", NAVIGATION, 303),
        ("HEAD", NAVIGATION, 303),
        ("GET", PAGE, 303),
        ("GET", {}, 401),
        ("GET", {"Accept": "*/*"}, 401),
        ("GET", {"Accept": "application/json"}, 401),
        ("GET", {"Sec-Fetch-Mode": "cors", **PAGE}, 401),
        ("GET", {"X-Requested-With": "XMLHttpRequest", **PAGE}, 401),
        ("GET", WEBSOCKET, 401),
        ("GET", {"Sec-Fetch-Mode": "websocket", **WEBSOCKET}, 401),
        ("POST", {}, 401),
        ("POST", NAVIGATION, 401),
        ("OPTIONS", {"Origin": f"https://{DOCS}"}, 401),
        ("DELETE", PAGE, 401),
    ],
)
async def test_without_a_session_people_are_sent_to_sign_in_and_programs_are_told(
    ask, heard, method, headers, status
):
    decision, _ = await ask("/x", method=method, headers=headers)

    assert isinstance(decision, Answer)
    assert decision.status == status
    assert b"no-store" in decision.headers
    assert heard("access") == []
    if status == 303:
        assert decision.headers.startswith(f"Location: https://{SIGN_IN}/oidc/authorize?".encode())
        assert [said for said, _ in heard("proxy.oidc")] == [events.redirecting]
    else:
        assert b"WWW-Authenticate: " in decision.headers
        assert b"Location" not in decision.headers
        assert heard("proxy.oidc") == []


async def test_a_person_whose_form_comes_without_a_session_reads_that_it_was_not_passed_on(ask):
    form, _ = await ask("/only/save", host=ONLY, method="POST", headers=NAVIGATION)
    script, _ = await ask("/only/save", host=ONLY, method="POST")
    assert b"not passed on" in form.body
    assert b'href="/only"' in form.body
    assert script.body == b'{"error":"sign_in_required"}\n'


# Where a request is for.


async def test_the_sign_in_host_and_our_own_pages_are_served_without_a_session(ask):
    for host, target, name in (
        (SIGN_IN, "/any", "sign-in"),
        (WIKI, "/_yett/x", "Wiki"),
        (ONLY, "/_yett/x", "Only"),
    ):
        decision, request = await ask(target, host=host)
        assert isinstance(decision, Serve)
        assert decision.state["host"] == host
        assert decision.state["client_address"] == ADDRESS
        assert decision.max_body == 64 * 1024
        assert request.note == name


@pytest.mark.parametrize(
    ("host", "target", "status", "said"),
    [
        ("unknown.example.test", "/", 404, events.no_routes),
        ("unknown.example.test", "/_yett/callback", 404, events.no_routes),
        (f"{WIKI}.", "/", 404, events.no_routes),
        ("127.0.0.1", "/", 404, events.no_routes),
        ("[::1]:443", "/", 404, events.no_routes),
        (ONLY, "/", 404, events.no_path_match),
        (ONLY, "/onlyx", 404, events.no_path_match),
        (WIKI, "/x/../admin", 400, events.ambiguous_path),
        (WIKI, "/admin;x/", 400, events.ambiguous_path),
        (WIKI, "/Admin/", 400, events.ambiguous_path),
        (WIKI, "/%5fyett/callback", 400, events.ambiguous_path),
    ],
)
async def test_what_is_not_served_is_refused_before_anybody_is_asked_who_they_are(
    ask, session, heard, host, target, status, said
):
    decision, _ = await ask(target, host=host, token=session.token, headers=NAVIGATION)

    assert isinstance(decision, Answer)
    assert decision.status == status
    assert [each for each, _ in heard("proxy", "access", "sessions")] == [said]


async def test_a_host_is_known_by_its_name_whatever_its_port_and_capitals(ask, session):
    for host in (WIKI.upper(), f"{WIKI}:8443"):
        assert isinstance((await ask(host=host, token=session.token))[0], Forward)


# What is remembered.


async def test_a_signature_is_used_again_within_its_window_and_not_after_it(ask, session, clock):
    first, _ = await ask(token=session.token)
    again, _ = await ask(token=session.token)
    assert again.add is first.add

    clock.advance(30)
    later, _ = await ask(token=session.token)
    assert later.add != first.add
    assert b"X-Yett-User: ada\r\n" in later.add


async def test_a_clock_that_was_put_right_takes_signatures_of_the_future_out_of_use(ask, session, clock):
    first, _ = await ask(token=session.token)
    clock.advance(-3600)
    later, _ = await ask(token=session.token)
    assert isinstance(later, Forward)
    assert later.add != first.add


async def test_a_changed_person_is_told_about_at_once(place, ask, session):
    await ask(token=session.token)
    place.people.set("ada", groups=("wiki", "new"), email="new@example.test")
    decision, _ = await ask(token=session.token)
    assert b"X-Yett-Groups: wiki,new\r\n" in decision.add
    assert b"X-Yett-Email: new@example.test\r\n" in decision.add


async def test_an_unchanged_table_of_people_costs_no_new_signature(place, ask, session):
    first, _ = await ask(token=session.token)
    place.people.set("bob", email="other@example.test")
    assert (await ask(token=session.token))[0] is first


async def test_a_reload_is_in_force_with_the_next_request(place, ask, session):
    assert isinstance((await ask(token=session.token))[0], Forward)
    place.apply(mapping=(mapping(groups=("ops",)),))
    assert (await ask(token=session.token))[0].status == 403
    place.apply(mapping=(mapping(groups=("wiki",), service="http://10.0.0.9:80", identity_headers=False),))
    decision, _ = await ask(token=session.token)
    assert decision.upstream.host == "10.0.0.9"
    assert decision.add == b""


async def test_what_is_remembered_is_bounded(place, ask, monkeypatch, clock):
    monkeypatch.setattr(gate_module, "_MOST_REMEMBERED", 8)
    tokens = [(await session_of(place, "ada")).token for _ in range(12)]
    for number, token in enumerate(tokens):
        assert isinstance((await ask(token=token))[0], Forward)
        assert len(place.gate._ready) <= 8
        if number == 5:
            clock.advance(31)
    # Of twelve, the six that were too old made room for others.
    assert len(place.gate._ready) == 6


async def test_when_nothing_is_old_enough_to_forget_everything_is(place, ask, monkeypatch):
    monkeypatch.setattr(gate_module, "_MOST_REMEMBERED", 8)
    for _ in range(9):
        await ask(token=(await session_of(place, "ada")).token)
    assert len(place.gate._ready) == 1


async def test_our_cookies_travel_no_further(session, place):
    request = request_for(
        "GET",
        "/",
        {"Host": WIKI, "Cookie": f"a=1; __Host-yett={session.token}; __Host-yett-login={'c' * 43}; b=2"},
    )
    decision = await place.decide(request)

    assert cut_cookies(request.cookie, decision.drop_cookies) == b"a=1; b=2"


# When it cannot be recorded.


@pytest.mark.usefixtures("full_disk")
async def test_a_refusal_that_cannot_be_recorded_is_a_503(place, ask, heard):
    bob = await session_of(place, "bob")
    decision, request = await ask(token=bob.token)
    assert decision.status == 503
    assert request.scope.unrecorded
    assert b"could not be recorded" in decision.body
    assert heard("http.unrecorded") == [(events.refused_unrecorded, {})]


@pytest.mark.usefixtures("full_disk")
async def test_a_refusal_that_cannot_be_recorded_stands_where_the_operator_prefers_that(place, ask, heard):
    place.refuses = False
    bob = await session_of(place, "bob")
    assert (await ask(token=bob.token))[0].status == 403
    assert heard("http.unrecorded") == []


# What the engine tells.


OUTCOME = Outcome(200, 5, 1234, 0.0123456)
RECORD = {
    "method": "POST",
    "host": WIKI,
    "path": "/page",
    "status": 200,
    "duration_ms": 12.346,
    "bytes_in": 5,
    "bytes_out": 1234,
    "app": "Wiki",
    "route": "/",
    "rule": "Wiki",
    "upstream": "10.0.0.1:80",
    "protocol": "http/1.1",
}


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({}, []),
        ({"status": 0, "client_left": True}, [(events.client_left, {"app": "Wiki", "bytes_out": 1234})]),
        (
            {"status": 502, "failure": Failure.CONNECT_REFUSED, "detail": "refused"},
            [
                (
                    events.request_failed,
                    {
                        "app": "Wiki",
                        "backend": "10.0.0.1:80",
                        "failure": Failure.CONNECT_REFUSED,
                        "error": "refused",
                    },
                )
            ],
        ),
        (
            {"failure": Failure.BODY_BROKEN, "detail": "the upstream ended"},
            [
                (
                    events.request_failed,
                    {
                        "app": "Wiki",
                        "backend": "10.0.0.1:80",
                        "failure": Failure.BODY_BROKEN,
                        "error": "the upstream ended",
                    },
                )
            ],
        ),
        ({"status": 101, "failure": Failure.IDLE}, []),
        ({"status": 413, "refusal": Refusal.BODY_TOO_LARGE}, []),
    ],
    ids=["complete", "client left", "refused", "broken body", "idle tunnel", "turned away"],
)
async def test_every_request_leaves_one_record_and_every_trouble_one_more(place, heard, changes, more):
    place.gate.finished(forwarded(place), replace(OUTCOME, **changes))
    record = {**RECORD, "status": changes.get("status", 200)}
    assert heard("proxy", "http") == [*more, (events.completed, record)]


@pytest.mark.parametrize(
    ("target", "host", "app"),
    [
        ("/admin", WIKI, "Admin"),
        ("/", "unknown.test", ""),
        ("/x", SIGN_IN, "sign-in"),
        ("/_yett/x", WIKI, "Wiki"),
    ],
)
async def test_what_was_not_passed_on_names_no_upstream(place, ask, session, heard, target, host, app):
    _, request = await ask(target, host=host, token=session.token)
    place.gate.finished(request, OUTCOME)
    ((said, fields),) = heard("http")
    assert said is events.completed
    assert (fields["app"], fields["upstream"]) == (app, "")


async def test_what_the_door_turns_away_reaches_no_route(make_place, heard):
    place = await make_place(max_body=10)
    token = (await session_of(place, "ada", WIKI)).token
    headers = {"Host": WIKI, "Cookie": f"__Host-yett={token}", "Content-Length": "11"}

    answer = await place.decide(request_for("POST", "/page", headers))

    assert answer.status == 413
    assert [said.declaration.message for said, _ in heard("listener.sizelimit", "proxy")][-1] == (
        "Request blocked — size limit exceeded"
    )
    assert not heard("proxy.dispatcher", "proxy.access")


async def test_a_body_of_unknown_length_is_counted_on_its_way(make_place):
    place = await make_place(max_body=10)
    token = (await session_of(place, "ada", WIKI)).token
    headers = {"Host": WIKI, "Cookie": f"__Host-yett={token}", "Transfer-Encoding": "chunked"}

    forward = await place.decide(request_for("POST", "/page", headers))

    assert forward.max_body == 10


async def test_an_origin_that_is_allowed_hears_so_with_the_response(make_place):
    place = await make_place(origins=("https://app.example",))
    token = (await session_of(place, "ada", WIKI)).token
    headers = {"Host": WIKI, "Cookie": f"__Host-yett={token}", "Origin": "https://app.example"}

    forward = await place.decide(request_for("GET", "/page", headers))

    assert b"Access-Control-Allow-Origin: https://app.example\r\n" in forward.response_add
    assert b"access-control-allow-origin" in forward.response_drop


# What a connection remembers of its cookie.


def on_one_connection(*cookies):
    """Requests that come one after another on the same connection."""
    requests = [
        request_for("GET", "/page", {"Host": WIKI, **({"Cookie": each} if each else {})}) for each in cookies
    ]
    for request in requests:
        request.connection = requests[0].connection
    return requests


async def test_each_request_of_a_connection_is_whose_cookie_it_carries(place):
    ada, bob = await session_of(place, "ada"), await session_of(place, "bob", DOCS)
    at_wiki = f"__Host-yett={ada.token}"
    of_bob = f"__Host-yett={bob.token}"
    asked = on_one_connection(at_wiki, at_wiki, f"a=b; {at_wiki}", of_bob, "", "a=b", at_wiki)
    users = []
    for request in asked:
        await place.decide(request)
        users.append(request.scope.user)
    assert users == ["ada", "ada", "ada", "", "", "", "ada"]


async def test_a_session_that_ends_is_not_remembered_by_a_connection(place, session):
    first, second, third = on_one_connection(*[f"__Host-yett={session.token}"] * 3)
    assert isinstance(await place.decide(first), Forward)
    assert isinstance(await place.decide(second), Forward)
    await place.sessions.revoke(session.session.ref)
    assert isinstance(await place.decide(third), Answer)
    assert third.scope.user == ""


async def test_a_token_that_was_replaced_is_not_remembered_by_a_connection(place, session):
    first, second, third = on_one_connection(
        f"__Host-yett={session.token}", f"__Host-yett={session.token}", "__Host-yett="
    )
    await place.decide(first)
    issued = await place.sessions.regenerate(session.token)
    assert isinstance(await place.decide(second), Answer)
    third.cookie = f"__Host-yett={issued.token}".encode()
    assert isinstance(await place.decide(third), Forward)


async def test_the_cookie_of_one_host_is_none_for_another_on_the_same_connection(place, session):
    here, there = on_one_connection(*[f"__Host-yett={session.token}"] * 2)
    there.host = DOCS
    assert isinstance(await place.decide(here), Forward)
    assert isinstance(await place.decide(there), Answer)
    assert there.scope.user == ""


# Questions of other proxies.


async def test_questions_at_the_sign_in_host_are_answered_before_any_guard(make_place):
    place = await make_place(max_body=1)
    asked = []

    def answer(request):
        asked.append(request.path)
        return Answer(200, b"yes") if request.path == "/ingress/auth" else None

    place.gate.answer_with(answer)
    headers = {"Host": SIGN_IN, "Content-Length": "100"}
    assert (await place.decide(request_for("GET", "/ingress/auth", headers))).body == b"yes"
    assert (await place.decide(request_for("GET", "/signin", headers))).status == 413
    await place.decide(request_for("GET", "/ingress/auth", {"Host": WIKI}))
    assert asked == ["/ingress/auth", "/signin"]
