"""Decide whether the body of a response can be rewritten."""

import re

from yett.net.http import Reply
from yett.proxy.fields import joined, media_type
from yett.proxy.rewriting.model import TooLarge, Untouched

PAGES = {b"text/html": False, b"application/xhtml+xml": True}
"""The types of pages; whether they are XML."""
_CHARSET = re.compile(rb";[ \t]*charset[ \t]*=[ \t]*\"?([^ \t\";]*)", re.IGNORECASE)
_LIKE_ASCII = re.compile(
    rb"utf-?8|(us-)?ascii|iso-?8859-[0-9]{1,2}(-[ei])?|latin-?[0-9]|windows-[0-9]{3,4}|cp12[0-9]{2}|koi8-r?u?|ibm866"
    rb"|(x-)?mac[a-z-]*|(x-)?sjis|shift[_-]jis|euc-(jp|kr)|ks_c_5601-1987|gbk?|gb_?2312(-80)?|gb18030|big5(-hkscs)?"
    rb"|tis-620",
    re.IGNORECASE,
)
"""Character sets in which no part of another character looks like markup (Encoding standard, 4.2).

UTF-16 and ISO-2022 are not among them, nor is what nobody knows.
"""
_NOT_CODED = frozenset({None, b"", b"identity"})
_GZIP = frozenset({b"gzip", b"x-gzip"})


def hindrance(reply: Reply, limit: int) -> Untouched | TooLarge | None:
    """Why the body cannot be rewritten, if it cannot."""
    lines = reply.lines
    kind = reply.value(b"content-type")
    if media_type(kind) not in PAGES:
        return Untouched.TYPE
    if reply.status == 206 or joined(lines, b"content-range") is not None:
        return Untouched.PART
    coding = joined(lines, b"content-encoding")
    if coding not in _NOT_CODED and not is_gzipped(reply):
        return Untouched.CODING
    charset = _CHARSET.search(kind or b"")
    if charset is not None and _LIKE_ASCII.fullmatch(charset[1]) is None:
        return Untouched.CHARSET
    return TooLarge.LENGTH if reply.content_length > limit else None


def is_gzipped(reply: Reply) -> bool:
    """Whether the body is in gzip and nothing else."""
    coding = joined(reply.lines, b"content-encoding")
    return coding is not None and coding.lower() in _GZIP


def can_change_styles(reply: Reply) -> bool:
    """Whether style sheets inside of the page may change: not if the application vouches for them by hash."""
    policy = joined(reply.lines, b"content-security-policy")
    return policy is None or b"'sha" not in policy.lower()
