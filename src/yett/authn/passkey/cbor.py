"""Where an item of CBOR ends, and that nothing in it is made for mischief.

Authenticators write the canonical form of CTAP2: no tags, no indefinite lengths (section 6). A general
decoder would build regular expressions, huge numbers and dates out of tags; so nothing is given to it
that this has not walked over before. The walk takes one step for each item and nests nowhere.
"""

from yett.authn.passkey.wire import Malformed

_MAX_ITEMS = 512


def end_of(raw: bytes, start: int = 0) -> int:
    """Where the item that begins at `start` ends; Malformed when it does not, or is not plain."""
    place, wanted = start, 1
    for _ in range(_MAX_ITEMS):
        if not wanted:
            return place
        major, argument, place = _head(raw, place)
        wanted -= 1
        if major in {2, 3}:
            place += argument
            if place > len(raw):
                raise Malformed("CBOR is cut off")
        elif major == 4:
            wanted += argument
        elif major == 5:
            wanted += 2 * argument
        elif major == 6:
            raise Malformed("CBOR has a tag")
        # Every item takes a byte at least, so a longer promise cannot be kept.
        if wanted > len(raw) - place:
            raise Malformed("CBOR is cut off")
    raise Malformed("CBOR has too many items")


def _head(raw: bytes, place: int) -> tuple[int, int, int]:
    """Major type, argument, and where the head ends (RFC 8949, section 3)."""
    if place >= len(raw):
        raise Malformed("CBOR is cut off")
    major, short = raw[place] >> 5, raw[place] & 31
    place += 1
    if short < 24:
        return major, short, place
    if short > 27:
        raise Malformed("CBOR has a length that is not said")
    size = 1 << (short - 24)
    if place + size > len(raw):
        raise Malformed("CBOR is cut off")
    return major, int.from_bytes(raw[place : place + size], "big"), place + size
