"""Settings of searching: queries that have a name."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase

from yett.config import REQUIRED, Mistake, item, section, setting
from yett.events import catalogue, known_fields, parse_condition
from yett.kernel import LogLevel

_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"


@item(named_by="name")
class QuerySettings:
    """A query with a name; everything that is given has to hold."""

    name: str = setting(
        REQUIRED,
        "Name of the query, for `yett logs search --query`; one that is built in is replaced.",
        matches=_NAME,
        expects="a name of lower case letters, digits, dots, dashes and underscores",
    )
    help: str = setting("", "What it finds, as `yett logs queries` shows it.", at_most=200)
    text: str = setting("", "Words that stand in the message, the code or any field.", at_most=500)
    components: tuple[str, ...] = setting(
        (), 'Components and those below them, or patterns with "*"; one of them.', at_most=100
    )
    codes: tuple[str, ...] = setting(
        (), 'Codes of events as in the log reference, or patterns with "*"; one of them.', at_most=200
    )
    level: LogLevel | None = setting(None, "At least this grave.")
    audit: bool = setting(False, "Only audit records.")
    user: str = setting("", "Only about this person.", at_most=200)
    where: tuple[str, ...] = setting(
        (), 'Conditions on fields, each written "status>=500"; all of them.', at_most=50
    )
    without: tuple[str, ...] = setting((), "The same for what is left out; none of them.", at_most=50)
    since: timedelta | None = setting(
        None, "How far it looks back, where nothing else is asked for.", at_least=timedelta(seconds=1)
    )


@section("logs")
class LogsSettings:
    """How the record is searched."""

    query: tuple[QuerySettings, ...] = setting(
        (), "Queries with names, as [[logs.query]] tables.", at_most=200
    )


def check_queries(settings: LogsSettings) -> Iterator[Mistake]:
    """What is wrong with saved queries beyond single values."""
    known = known_fields()
    components = {event.component for event in catalogue.events.values()}
    for name, times in Counter(query.name for query in settings.query).items():
        if times > 1:
            yield Mistake(f"logs.query[{name}].name", name, "is the name of several")
    for query in settings.query:
        key = f"logs.query[{query.name}]"
        for what, texts in (("where", query.where), ("without", query.without)):
            for text in texts:
                try:
                    parse_condition(text, known)
                except ValueError as problem:
                    yield Mistake(f"{key}.{what}", text, str(problem))
        for pattern in query.codes:
            if not any(fnmatchcase(code, pattern) for code in catalogue.events):
                yield Mistake(f"{key}.codes", pattern, "fits no event", "see: yett reference log")
        for pattern in query.components:
            if not any(fnmatchcase(each, pattern) or each.startswith(f"{pattern}.") for each in components):
                yield Mistake(f"{key}.components", pattern, "fits no event", "see: yett reference log")
