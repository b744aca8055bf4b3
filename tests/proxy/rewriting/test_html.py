import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.rewriting import html
from yett.proxy.rewriting.attributes import Attributes
from yett.proxy.rewriting.html import MOST_HELD, Rewriter
from yett.proxy.rewriting.model import Place, TooLarge, Untouched
from yett.proxy.rewriting.translation import Patterns, Translation

ATTRIBUTES = Attributes(
    Translation(Patterns([Place("wiki.internal", 8080)], "wiki.example.org", 443), "wiki.example.org", 443)
)
OLD = b"http://wiki.internal:8080"
NEW = b"https://wiki.example.org"


def rewrite(*pieces, limit=1 << 20, told=None, **more):
    reasons = [] if told is None else told
    rewriter = Rewriter(ATTRIBUTES, limit=limit, gave_up=reasons.append, **more)
    return b"".join([*(rewriter.feed(piece) for piece in pieces), rewriter.end()])


def written(page, replaced):
    return page.replace(b"^", replaced).replace(b"~", OLD)


@pytest.mark.parametrize(
    "page",
    [
        b'<a href="^/x">',
        b"<a href='^/x'>",
        b"<a href=^/x>",
        b"<A HREF = \n '^'>",
        b'<img src="^/i.png"srcset="^/2.png 2x, ^/3.png 3x">',
        b'<form action="^/f"><button formaction="^/g">',
        b'<video poster="^/p">',
        b'<div data-url="^/d" data-x=^/e>',
        b'<base href="^/">',
        b'<a ping="^/1 ^/2">',
        b'<meta http-equiv="refresh" content="5; url=^/x">',
        b"<meta http-equiv=refresh content=\"0;URL='^/x'\">",
        b'<meta property="og:url" content="^/x">',
        b"<p style=\"background: url(^/a.png), url( '^/b.png')\">",
        b'<p style="background: url(&quot;^/a.png&quot;)">',
        b"<style>a { background: url(^/a.png) } b { background: url( '^/b' ) }</style>",
        b'<link rel=stylesheet href="^?v=1"/>',
        b'<a href="  ^#top">',
        b'<svg><a xlink:href="^/x"/></svg>',
        b'<!-- <a href="--> <a href="^/x">',
        b"<script>var a = '<a href=\"http://other/\">';</script><a href=^>",
        b"<textarea></textarea><a href=^>",
        b'<a "=x href=^>',
        b'<a ="x" href=^>',
        b"<a b='>' href=^>",
        b"<a b=> <a href=^>",
        b"< a>x</><a href=^>",
        b"</3 ' ><a href=^>",
        b"<!x ' ><a href=^>",
        b"<?php '?><a href=^>",
        b"<!-->  <a href=^>",
        b"<!--->  <a href=^>",
        b"<!-- x --!>  <a href=^>",
        b"<script><!-- </script><a href=^>",
        b"<script><!-- <script> </script> --></script><a href=^>",
        b"<script><!-- <script> </script> </script><a href=^>",
        b"<script><!--><script></script><a href=^>",
        b"<svg><title><b></title></svg><a href=^>",
        b"<svg><p><textarea></textarea><a href=^>",
        b"<svg><![CDATA[ > <a href='~'> ]]><a href=^>",
        b"<a href=^ <b>",
    ],
)
def test_links_to_the_application_become_public(page):
    assert rewrite(written(page, OLD)) == written(page, NEW)


@pytest.mark.parametrize(
    "page",
    [
        b"~/ in text",
        b'<a href="http://wiki.internal:80801/"><a href="http://wiki.internal:8080.evil/">',
        b'<a href="http://wiki.internal:8080@evil/"><a href="http://wiki.internal:8080&#64;evil/">',
        b'<a href="http://xwiki.internal:8080/"><a href="http://wiki.internal/">',
        b'<a href="http://evil/?next=~/x">',
        b"<input value='~/x' title='~'>",
        b"<a onclick=\"location='~'\">",
        b"<script>location = '~/x'; s = '<a href=\"~\">'</script>",
        b"<script><!-- <script> </script> <a href=~> --></script>",
        b"<textarea><a href=~></textarea>",
        b"<title><a href=~></title>",
        b"<!-- <a href=~ -- > <a href=~ > -->",
        b"<!--- <a href=~>-->",
        b"<!--!> <a href=~> -->",
        b"<![CDATA[ <a b=~ is a comment up to the first mark",
        b"<svg><![CDATA[ > <a href=~> ]]>",
        b"<plaintext><a href=~>",
        b"<a b='<a href=~>",
        b"<a b='> <c href=~> ",
        b"<xmp><a href=~></xmpp>",
        b"<iframe><a href=~>",
        b"<",
        b"</",
        b"<a",
        b"<!",
        b"<!-",
        b"",
    ],
)
def test_everything_else_stays(page):
    assert rewrite(written(page, OLD)) == written(page, OLD)


WORDS = b"""
    < > / ! - -- = " ' [CDATA[ ]]> <!-- --> a <a|href= </a> <script> </script> </script <style> </style> url( <svg>
    </svg> <textarea> </textarea> <title ? x href= //wiki.internal :8080 <meta|content=' style= <plaintext> <p>
    http:&sol;&#x2f;wiki.internal
"""
PIECES = st.lists(
    st.sampled_from(
        [
            *(word.replace(b"|", b" ") for word in WORDS.split()),
            OLD,
            OLD + b"/x",
            b" ",
            b"\n",
            b"\xff",
            b"\xfe",
        ]
    ),
    max_size=40,
)


@given(PIECES, st.data())
def test_the_cut_between_pieces_makes_no_difference(pieces, data):
    page = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(page)), max_size=8)))
    ends = [*cuts, len(page)]
    parts = [page[start:end] for start, end in zip([0, *cuts], ends, strict=True)]
    limit = data.draw(st.integers(1, 400))
    whole, cut, single = [], [], []

    # What is said of long tags has to hold for those that fit into an example.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html, "_MUCH", data.draw(st.sampled_from([0, 8, 4096])))
        patch.setattr(html, "MOST_HELD", data.draw(st.sampled_from([100, 150, 4096])))
        expected = rewrite(page, limit=limit, told=whole)
        assert rewrite(*parts, limit=limit, told=cut) == expected
        assert rewrite(*(page[i : i + 1] for i in range(len(page))), limit=limit, told=single) == expected
    assert whole == cut == single


ORIGIN = re.compile(rb"(http:(//|&sol;&#x2f;)|//)wiki\.internal:8080|(https:)?//wiki\.example\.org")


@given(PIECES)
def test_nothing_but_origins_is_ever_changed(pieces):
    page = b"".join(pieces)
    assert ORIGIN.sub(b"", rewrite(page)) == ORIGIN.sub(b"", page)


@given(st.binary(max_size=300))
def test_any_bytes_go_through(page):
    assert rewrite(page) == page


def test_in_xml_scripts_are_elements_and_data_is_no_tag():
    page = b"<script src='^'/><![CDATA[ <a href='~'> ]]><title><a href='^'/></title>"
    assert rewrite(written(page, OLD), is_xml=True) == written(page, NEW)


def test_a_vouched_for_style_stays():
    page = b"<style>a { background: url(" + OLD + b"/a.png) }</style><p style='x: url(" + OLD + b")'>"
    assert rewrite(page, can_style=False) == page


def test_a_page_beyond_the_limit_goes_on_as_it_comes():
    told = []
    page = b"<a href=" + OLD + b"/1>" + b" " * 100 + b"<a href=" + OLD + b"/2>"

    done = rewrite(page, limit=100, told=told)

    assert done == page.replace(OLD, NEW, 1)
    assert told == [TooLarge.BODY]


def test_a_tag_beyond_all_measure_ends_the_reading():
    told = []
    page = b"<a href=" + OLD + b"><b x='" + b"y" * MOST_HELD + b"'><a href=" + OLD + b">"
    pieces = [page[i : i + 1000] for i in range(0, len(page), 1000)]

    whole, cut = rewrite(page, limit=1 << 22, told=told), rewrite(*pieces, limit=1 << 22, told=told)
    assert whole == cut == page.replace(OLD, NEW, 1)
    assert told == [TooLarge.TAG, TooLarge.TAG]


def test_a_picture_written_into_the_page_is_only_a_long_tag():
    page = b"<img src='data:image/png;base64," + b"A" * 300_000 + b"'><a href=^>"
    pieces = [written(page, OLD)[i : i + 1000] for i in range(0, len(page) + 100, 1000)]
    assert rewrite(*pieces) == written(page, NEW)


@pytest.mark.parametrize("start", [b"\xff\xfe", b"\xfe\xff"])
def test_a_page_in_utf_16_is_left_alone(start):
    told = []
    page = start + b"<a href=" + OLD + b">"
    assert rewrite(page[:1], page[1:], told=told) == page
    assert told == [Untouched.CHARSET]


def test_reading_ends_where_a_stretch_of_iso_2022_begins():
    told = []
    page = b"<a href=" + OLD + b"> \x1b$B<a href=" + OLD + b">"
    assert rewrite(page, told=told) == page.replace(OLD, NEW, 1)
    assert told == [Untouched.CHARSET]


def test_text_is_not_held_back():
    rewriter = Rewriter(ATTRIBUTES, limit=1 << 20, gave_up=lambda _: None)
    assert rewriter.feed(b"<p>one") == b"<p>one"
    assert rewriter.feed(b" two <b") == b" two "
    assert rewriter.feed(b">") == b"<b>"
    assert rewriter.feed(b"<script>one();") == b"<script>one();"
