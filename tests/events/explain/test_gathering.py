from tests.events.explain.stories import denied, ended, entry

from yett.events.explain.gathering import MOST_ADDRESSES, MOST_NOTES, MOST_PLACES, Addresses, Notes, Places


def test_the_same_thing_in_a_row_is_one_note():
    notes = Notes()
    for at in range(5):
        notes.add(denied(at, f"q{at}"))
    notes.add(denied(9, "q9", host="other.example"))
    first, second = notes.all()
    assert (first.times, first.request, second.times) == (5, "q0", 1)
    assert first.until == denied(4, "q")["time"]


def test_what_began_and_what_is_newest_is_kept_when_there_is_too_much():
    notes = Notes()
    for at in range(MOST_NOTES + 100):
        notes.add(denied(at, "q", host=f"h{at}"))
    kept = notes.all()
    assert len(kept) == MOST_NOTES
    assert (kept[0].host, kept[-1].host) == ("h0", f"h{MOST_NOTES + 99}")
    assert notes.left_out == 100


def test_requests_are_counted_by_application():
    places = Places()
    for record in (
        ended(0, "a", 200, rule="Wiki"),
        ended(1, "b", 500, rule="Wiki"),
        ended(2, "c", 403),
        ended(3, "d", 200, host="yett.example", app="sign-in"),
        entry(4, "access.denied", host="wiki.example"),
    ):
        places.add(record)
    wiki, own = places.all()
    assert (wiki.requests, wiki.refused, wiki.failed) == (3, 1, 1)
    assert (own.app, own.requests, own.refused) == ("sign-in", 1, 0)


def test_made_up_hosts_take_bounded_memory():
    places = Places()
    for at in range(MOST_PLACES * 3):
        places.add(ended(at % 60, "q", 404, host=f"h{at}.example", app=""))
    found = places.all()
    assert len(found) == MOST_PLACES + 1
    assert sum(place.requests for place in found) == MOST_PLACES * 3
    assert found[0].host == ""


def test_addresses_are_kept_once_and_not_without_end():
    addresses = Addresses()
    for at in range(MOST_ADDRESSES * 2):
        addresses.add(entry(0, "x.y", address=f"2001:db8::{at:x}"))
        addresses.add(entry(0, "x.y", address="2001:db8::0"))
    assert len(addresses.all()) == MOST_ADDRESSES
