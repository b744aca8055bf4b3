"""The settings of bearer tokens: a `bearer` table inside a mapping."""

from datetime import timedelta

from yett.config import item, setting


@item()
class BearerSettings:
    """A token that tells the service who is calling, in place of what the client sends as Authorization."""

    audience: str = setting(
        "",
        "For whom the token is (aud); the mapping's `app` when empty.",
        matches=r"[!#-\[\]-~]{0,256}",
        expects="up to 256 visible ASCII characters",
    )
    lifetime: timedelta = setting(
        timedelta(minutes=5),
        "How long one token is good; it is renewed at four fifths of that.",
        at_least=timedelta(seconds=10),
        at_most=timedelta(hours=1),
    )
