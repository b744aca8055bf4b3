import base64
import itertools
import re
import subprocess
import sys
import threading
import time
import uuid

import pytest

from yett.kernel import new_id, new_secret, time_of
from yett.kernel.ids import IdMaker, SharedIds

MANY = 100_000


def test_a_hundred_thousand_ids_differ_and_sort_in_the_order_they_were_made():
    made = [new_id() for _ in range(MANY)]
    assert len(set(made)) == MANY
    assert made == sorted(made)


def test_an_id_has_the_layout_of_rfc_9562_section_5_7():
    before = time.time_ns() // 1_000_000
    text = new_id()
    value = uuid.UUID(text)
    assert text == str(value)
    assert value.version == 7
    assert value.variant == uuid.RFC_4122
    # An earlier burst may have counted on into milliseconds to come.
    assert abs((value.int >> 80) - before) < 60_000


def test_the_counter_stands_behind_the_version_and_runs_over_into_the_next_millisecond():
    make = IdMaker(lambda: 1_700_000_000_000 * 1_000_000).next
    made = [make() for _ in range(4098)]
    assert [text[:18] for text in made[:2]] == ["018bcfe5-6800-7000", "018bcfe5-6800-7001"]
    assert [text[:18] for text in made[4095:]] == [
        "018bcfe5-6800-7fff",
        "018bcfe5-6801-7000",
        "018bcfe5-6801-7001",
    ]


def test_ids_do_not_go_back_with_the_clock():
    instants = iter([5_000_000, 6_000_000, 1_000_000, 6_000_000, 7_000_000])
    make = IdMaker(lambda: next(instants)).next
    made = [make() for _ in range(5)]
    assert made == sorted(made)
    assert [text[9:18] for text in made] == [
        "0005-7000",
        "0006-7000",
        "0006-7001",
        "0006-7002",
        "0007-7000",
    ]


def test_all_62_random_bits_vary():
    make = IdMaker(itertools.count(1_000_000, 1_000_000).__next__).next
    tails = [uuid.UUID(make()).int & ((1 << 62) - 1) for _ in range(400)]
    ones, zeros = 0, 0
    for tail in tails:
        ones |= tail
        zeros |= ~tail
    assert ones & zeros & ((1 << 62) - 1) == (1 << 62) - 1


def test_threads_never_get_the_same_id():
    make = SharedIds(IdMaker(lambda: 1_000_000)).next
    made = []

    def work():
        own = [make() for _ in range(3000)]
        assert own == sorted(own)
        made.extend(own)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == len(made) == 12_000


def test_a_child_process_draws_its_own_random_bits():
    # In a process of its own: this one has threads, which do not survive a fork.
    program = """
import os
from yett.kernel import new_id
new_id()
child = os.fork()
os.write(1, new_id()[19:].encode() + b"\\n")
if child:
    os.waitpid(child, 0)
"""
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    ).stdout.split()
    assert len(said) == len(set(said)) == 2


def test_the_time_of_an_id_is_when_it_was_made():
    assert time_of(IdMaker(lambda: 1_700_000_000_123 * 1_000_000).next()) == 1_700_000_000.123


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "018bcfe5-6800-4000-8000-000000000000",  # version 4
        "018bcfe5-6800-7000-c000-000000000000",  # another variant
        "018BCFE5-6800-7000-8000-000000000000",  # not the canonical form
        "{018bcfe5-6800-7000-8000-000000000000}",
        "018bcfe5680070008000000000000000",
        "018bcfe5-6800-7000-8000-00000000000",
        "018bcfe5-6800-7000-8000-00000000000\u0663",
        "x" * 100_000,
    ],
)
def test_only_a_version_7_id_has_a_time(text):
    assert time_of(text) is None


def test_a_secret_is_random_and_safe_in_a_url():
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    for text in made:
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", text)
    assert len(base64.urlsafe_b64decode(new_secret(48))) == 48
