"""Settings of personal access tokens."""

from datetime import timedelta

from yett.config import REQUIRED, item, section, setting

_SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]{1,64}"  # RFC 6749, appendix A.4


@item(named_by="name")
class PersonalScopeSettings:
    """A scope that people may give to tokens of theirs, for servers that look at it."""

    name: str = setting(
        REQUIRED, "What stands in the token.", matches=_SCOPE, expects="a scope without spaces"
    )
    text: str = setting(
        REQUIRED,
        "What people read: what a token with it may do.",
        matches=r"[^\x00-\x1f\x7f]{1,120}",
        expects="one line of at most 120 characters",
    )


@section("oidc.personal")
class PersonalTokenSettings:
    """Personal access tokens: people make them for programs of theirs that cannot sign in.

    One is as good as a password with fewer doors, for as long as it lasts, so nobody has any until this is
    switched on.
    """

    enabled: bool = setting(
        default=False, help="Let people make such tokens, and accept those that they have."
    )
    groups: tuple[str, ...] = setting(
        (), "Groups whose members may make and use tokens; with none, everybody may.", at_most=200
    )
    lifetime: timedelta = setting(
        timedelta(days=90),
        "How long a token lasts at most; its owner chooses how much of it.",
        at_least=timedelta(days=1),
        at_most=timedelta(days=366),
    )
    most: int = setting(20, "How many tokens a person may have at a time.", at_least=1, at_most=100)
    audience: str = setting(
        "",
        'Whom the tokens are for (`aud`); "/personal" below the address of the sign-in host without one.',
        matches=r"[\x21-\x7e]{0,256}",
        expects="a name or an address without spaces",
    )
    remind: timedelta = setting(
        timedelta(days=7),
        "How long before a token ends its owner is told by mail; 0 for never.",
        at_most=timedelta(days=60),
    )
    scope: tuple[PersonalScopeSettings, ...] = setting(
        (),
        "Scopes besides `account` and `applications`, as [[oidc.personal.scope]] tables.",
        at_most=10,
    )
