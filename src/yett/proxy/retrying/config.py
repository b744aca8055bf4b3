"""The settings of sending again: a `retry` table inside a mapping."""

from datetime import timedelta

from yett.config import Size, item, setting

METHOD = r"[A-Z][A-Z-]{0,31}"
METHOD_WORDS = "a method in capital letters"
_NOTHING = timedelta(0)


@item()
class RetrySettings:
    """Send a request again that failed, as long as nothing of an answer went to the client."""

    attempts: int = setting(3, "Tries in all, the first one included.", at_least=2, at_most=10)
    on: tuple[str, ...] = setting(
        ("connect-failure", "reset", "timeout", "502", "503", "504"),
        "What is worth another try: connect-failure, reset, timeout, malformed, or a status of an answer.",
        at_least=1,
        matches=r"connect-failure|reset|timeout|malformed|[45][0-9]{2}",
        expects="connect-failure, reset, timeout, malformed, or a status from 400 to 599",
    )
    methods: tuple[str, ...] = setting(
        ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"),
        "Methods that may be repeated. Where the service could not even be reached, any other may be as well.",
        at_least=1,
        matches=METHOD,
        expects=METHOD_WORDS,
    )
    per_try_timeout: timedelta = setting(
        _NOTHING,
        "How long each try may take to begin its answer; 0s leaves it at the response_timeout.",
        at_least=_NOTHING,
    )
    max_body: Size = setting(
        64 * 1024,
        "Bytes of a request's body that are kept to be sent again; a request with more is sent once.",
        at_least=0,
        at_most=16 << 20,
    )
    budget: float = setting(
        20.0,
        "Extra requests that the pool or service is sent, in percent of the requests of the last ten seconds.",
        at_least=0,
        at_most=100,
    )
    min_per_second: float = setting(
        3.0, "Extra requests a second that are always allowed, however few requests there are.", at_least=0
    )
    backoff: timedelta = setting(
        timedelta(milliseconds=25),
        "The longest wait before the second try, doubled for each further one; "
        "the wait is drawn from nothing up to it.",
        at_least=_NOTHING,
        at_most=timedelta(minutes=1),
    )
    max_backoff: timedelta = setting(
        timedelta(seconds=1), "How long any wait may be.", at_least=_NOTHING, at_most=timedelta(minutes=1)
    )
    max_retry_after: timedelta = setting(
        timedelta(seconds=2),
        "The longest Retry-After that is waited for where there is no other backend; "
        "an answer that asks for more is passed on.",
        at_least=_NOTHING,
        at_most=timedelta(minutes=1),
    )
