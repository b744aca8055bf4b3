"""The settings of the size limit."""

from yett.config import REQUIRED, Size, item, section, setting


@item(named_by="name")
class SizeException:
    """A limit of its own, larger or smaller, for requests that meet all of the conditions given."""

    name: str = setting(
        REQUIRED,
        "What this exception is called in the log.",
        matches=r"[a-z0-9][a-z0-9_-]{0,62}",
        expects="a short name in lower case",
    )
    max_body: Size = setting(REQUIRED, "Largest body of such a request; not 0.")
    host: str = setting("", "The host it is for; empty for every host.")
    methods: tuple[str, ...] = setting((), "The methods it is for; empty for every method.")
    path: str = setting("", "The path it is for, with everything below; empty for every path.")
    pattern: str = setting(
        "",
        "A regular expression that the whole path has to match, in place of `path`; without look-around, "
        "back-references and nested repetition.",
    )


@section("protection.size")
class SizeSettings:
    """How large the body of a request to an application may be.

    A stated length is judged before anything is passed on; of a body without one, the bytes are
    counted as they come, and the request is cut when there are too many.
    """

    enabled: bool = setting(True, "Whether bodies are limited.")
    max_body: Size = setting(100 << 20, "Largest body where no exception says otherwise; not 0.")
    exception: tuple[SizeException, ...] = setting(
        (), "Limits of their own; the first one in order whose conditions are met holds."
    )
