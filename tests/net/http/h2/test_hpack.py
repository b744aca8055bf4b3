"""Header compression: the RFC's examples in full, limits, and broken blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http.h2.hpack import STATIC, BadBlock, Decoder, encode_field, integer

FIRST = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"www.example.com")]
SECOND = [*FIRST, (b"cache-control", b"no-cache")]
THIRD = [
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":path", b"/index.html"),
    (b":authority", b"www.example.com"),
    (b"custom-key", b"custom-value"),
]
DATES = (b"Mon, 21 Oct 2013 20:13:21 GMT", b"Mon, 21 Oct 2013 20:13:22 GMT")
PLACE = (b"location", b"https://www.example.com")
COOKIE = (b"set-cookie", b"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1")


def read(decoder, *blocks):
    return [decoder.decode(bytes.fromhex(block)) for block in blocks]


@pytest.mark.parametrize(
    ("blocks", "size"),
    [
        (  # C.3
            (
                "828684410f7777772e6578616d706c652e636f6d",
                "828684be58086e6f2d6361636865",
                "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
            ),
            164,
        ),
        (  # C.4
            (
                "828684418cf1e3c2e5f23a6ba0ab90f4ff",
                "828684be5886a8eb10649cbf",
                "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
            ),
            164,
        ),
    ],
)
def test_the_requests_of_rfc_7541(blocks, size):
    decoder = Decoder()
    assert read(decoder, *blocks) == [FIRST, SECOND, THIRD]
    assert decoder._size == size


@pytest.mark.parametrize(
    "blocks",
    [
        (  # C.5
            (
                "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54"
                "6e1768747470733a2f2f7777772e6578616d706c652e636f6d"
            ),
            "4803333037c1c0bf",
            (
                "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d41"
                "53444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b207665727369"
                "6f6e3d31"
            ),
        ),
        (  # C.6
            (
                "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97"
                "c8e9ae82ae43d3"
            ),
            "4883640effc1c0bf",
            (
                "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd"
                "5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007"
            ),
        ),
    ],
)
def test_the_responses_of_rfc_7541_with_a_table_of_256_bytes(blocks):
    decoder = Decoder(256)
    private = (b"cache-control", b"private")
    assert read(decoder, *blocks) == [
        [(b":status", b"302"), private, (b"date", DATES[0]), PLACE],
        [(b":status", b"307"), private, (b"date", DATES[0]), PLACE],
        [(b":status", b"200"), private, (b"date", DATES[1]), PLACE, (b"content-encoding", b"gzip"), COOKIE],
    ]
    assert decoder._size == 215
    assert decoder._entries[0] == COOKIE


@pytest.mark.parametrize(
    ("block", "fields"),
    [
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", (b"custom-key", b"custom-header")),
        ("040c2f73616d706c652f70617468", (b":path", b"/sample/path")),
        ("100870617373776f726406736563726574", (b"password", b"secret")),
        ("82", (b":method", b"GET")),
    ],
)
def test_the_single_fields_of_rfc_7541_c_2(block, fields):
    assert read(Decoder(), block) == [[fields]]


@pytest.mark.parametrize(("value", "prefix", "data"), [(10, 31, "0a"), (1337, 31, "1f9a0a"), (42, 255, "2a")])
def test_the_integers_of_rfc_7541_c_1(value, prefix, data):
    assert integer(value, prefix, 0).hex() == data


names = st.sampled_from([name for name, _ in STATIC] + [b"x-one", b"x-two", b"x" * 200])
fields = st.lists(st.tuples(names, st.binary(max_size=300)), max_size=12)


@given(fields)
def test_what_we_write_is_read_back_and_leaves_no_trace_in_any_table(some):
    decoder = Decoder(0)
    assert decoder.decode(b"".join(encode_field(*field) for field in some)) == some
    assert not decoder._entries


def test_secrets_are_marked_as_never_to_be_indexed():
    assert encode_field(b"cookie", b"a=b")[0] & 0xF0 == 0x10
    assert encode_field(b"authorization", b"Bearer x")[0] & 0xF0 == 0x10
    assert encode_field(b"accept", b"*/*")[0] & 0xF0 == 0x00


@given(st.binary(max_size=120))
def test_any_block_is_read_or_refused(data):
    decoder = Decoder(max_list=4096)
    try:
        found = decoder.decode(data)
    except BadBlock:
        return
    assert found is None or all(len(field) == 2 for field in found)
    assert decoder._size == sum(len(name) + len(value) + 32 for name, value in decoder._entries) <= 4096


@pytest.mark.parametrize(
    "block",
    [
        "80",  # index 0
        "be",  # an entry that is not there
        "7e00",  # the name of one that is not there
        "ff",  # an integer without its end
        "ffffffffffffff7f",  # an integer beyond reason
        "41",  # a string that is missing
        "4105",  # one that is too short
        "418118",  # one that is not in the code
        "8220",  # a new size after a field
        "3fe21f",  # a table larger than 4096
    ],
)
def test_broken_blocks_end_the_connection(block):
    with pytest.raises(BadBlock):
        Decoder().decode(bytes.fromhex(block))


def test_a_smaller_table_forgets_the_oldest_first():
    decoder = Decoder()
    block = b"".join(
        b"\x40" + integer(1, 127, 0) + bytes((97 + at,)) + integer(1, 127, 0) + b"v" for at in range(3)
    )
    decoder.decode(block)
    decoder.decode(bytes.fromhex("3f29"))  # 72 bytes: room for two
    assert [name for name, _ in decoder._entries] == [b"c", b"b"]
    decoder.decode(b"\x20\x3f\xe1\x1f")
    assert not decoder._entries


def test_too_many_fields_are_read_and_not_kept():
    """A bomb: one long entry, named again and again. The table stays in step all the same."""
    decoder = Decoder(max_list=10_000)
    entry = b"\x40\x01a" + integer(3000, 127, 0) + b"v" * 3000
    assert decoder.decode(entry + b"\xbe" * 20_000 + b"\x40\x01b\x01w") is None
    assert decoder.decode(b"\xbe\x82") == [(b"b", b"w"), (b":method", b"GET")]


def test_an_entry_larger_than_the_table_empties_it():
    decoder = Decoder(64)
    decoder.decode(b"\x40\x01a\x01v")
    assert decoder.decode(b"\x40\x01b" + integer(100, 127, 0) + b"v" * 100) == [(b"b", b"v" * 100)]
    assert not decoder._entries
    assert decoder._size == 0
