"""Which language a browser asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.kernel import FrozenClock
from yett.signin.language import preferred
from yett.store import ClusterSettings, MemoryRecords, ModuleData


@pytest.mark.parametrize(
    ("field", "tag"),
    [
        ("de", "de"),
        ("de-AT", "de-AT"),
        ("DE-at", "de-AT"),
        ("en-US,en;q=0.9,de;q=0.8", "en-US"),
        ("en;q=0.5, fr;q=0.8, de;q=0.8", "fr"),
        ("da, en-gb;q=0.8, en;q=0.7", "da"),  # RFC 9110, section 12.5.4
        ("fr;q=0, de;q=0.001", "de"),
        ("*, de;q=0.1", "de"),
        ("\t de ; Q=1.000 ,, ", "de"),
        ("zh-hant-TW", "zh-Hant-TW"),
        ("SR-LATN", "sr-Latn"),
        ("es-419", "es-419"),
        ("zh-yue-hk", "zh-yue-HK"),
        ("de-ch-1996", "de-CH-1996"),
        ("sl-rozaj-biske-1abc", "sl-rozaj-biske-1abc"),
        ("de-DE-u-co-phonebk", "de-DE"),
        ("de-x-work", "de"),
        # Well formed as ranges, but no language: the next best counts.
        ("i-klingon, de;q=0.1", "de"),
        ("x-work, de;q=0.1", "de"),
        ("abcdefgh-" * 4 + "a, de;q=0.1", "de"),
        # Nothing to go by.
        ("", ""),
        ("*", ""),
        (", ,", ""),
        ("de;q=0", ""),
        ("a", ""),
        ("de-", ""),
        # Not what the RFC describes: no part of it is believed.
        ("de_AT, en", ""),
        ("en, de;q=2", ""),
        ("en, de;q=0.1234", ""),
        ("en, de;q=-1", ""),
        ("en, de;q=nan", ""),
        ("en, de;level=1", ""),
        ("en, de q=1", ""),
        ("en, d\u00e9", ""),
        ("en, de\r\nBcc: x", ""),
        ("en, toolongsubtag", ""),
        ("en, *-AT", ""),
        ("en" + "," * 600, ""),
    ],
)
def test_the_most_wanted_language_is_one_tag_or_none(field, tag):
    assert preferred(field) == tag


SUBTAG = st.text("abx19", min_size=1, max_size=8)


@given(
    st.lists(SUBTAG, min_size=1, max_size=10).map("-".join) | st.text(max_size=60) | st.text("aB1-;q=.,* 0")
)
async def test_whatever_is_sent_it_is_something_that_module_data_keep(field):
    tag = preferred(field)
    if tag:
        data = ModuleData(MemoryRecords(FrozenClock()), ClusterSettings())
        await data.set("preferences", "ada", {"language": tag})
        assert await data.language("ada") == tag
        assert preferred(tag) == tag
