"""The settings of hedging: a `hedge` table inside a mapping."""

from datetime import timedelta

from yett.config import Size, item, setting
from yett.proxy.retrying.config import METHOD, METHOD_WORDS


@item()
class HedgeSettings:
    """Send a copy of a request that takes too long to another backend; the first answer counts."""

    delay: timedelta = setting(
        timedelta(0),
        "How long an answer is waited for before a copy is sent; 0s takes the time that 95 of 100 answers keep to.",
        at_least=timedelta(0),
        at_most=timedelta(minutes=1),
    )
    min_delay: timedelta = setting(
        timedelta(milliseconds=10),
        "The shortest wait where it is measured.",
        at_least=timedelta(milliseconds=1),
        at_most=timedelta(minutes=1),
    )
    copies: int = setting(
        1, "Copies of one request, sent one `delay` after the other.", at_least=1, at_most=5
    )
    methods: tuple[str, ...] = setting(
        ("GET", "HEAD", "OPTIONS"),
        "Methods of which two at once do no harm.",
        at_least=1,
        matches=METHOD,
        expects=METHOD_WORDS,
    )
    max_body: Size = setting(
        64 * 1024,
        "Bytes of a request's body that are kept for copies; a request with more is sent once.",
        at_least=0,
        at_most=16 << 20,
    )
    budget: float = setting(
        10.0,
        "Extra requests that the pool is sent, in percent of the requests of the last ten seconds.",
        at_least=0,
        at_most=100,
    )
    min_per_second: float = setting(
        1.0, "Extra requests a second that are always allowed, however few requests there are.", at_least=0
    )
