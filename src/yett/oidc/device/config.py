"""Which programs may ask for device codes."""

from datetime import timedelta

from yett.config import REQUIRED, item, section, setting

_SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]{1,64}"  # RFC 6749, appendix A.4


@item(named_by="id")
class DeviceClientSettings:
    """A program that people sign in to with a code. It has no secret: whoever has the program has its id."""

    id: str = setting(
        REQUIRED,
        "What the program calls itself in requests.",
        matches=r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
        expects="a name of letters, digits, dots, dashes and underscores",
    )
    name: str = setting(
        "",
        "What people read when they are asked to confirm it; its id without one.",
        matches=r"[^\x00-\x1f\x7f]{0,80}",
        expects="one line of at most 80 characters",
    )
    groups: tuple[str, ...] = setting(
        (), "Groups whose members may confirm it; with none, everybody may.", at_most=200
    )
    scopes: tuple[str, ...] = setting(
        (), "Scopes it may ask for.", matches=_SCOPE, expects="a scope without spaces", at_most=32
    )
    audience: str = setting(
        "",
        "Whom its tokens are for (`aud`); its id without one.",
        matches=r"[\x21-\x7e]{0,256}",
        expects="a name or an address without spaces",
    )
    lifetime: timedelta = setting(
        timedelta(hours=1),
        "How long its tokens last, whatever becomes of whoever confirmed it; at most as long as their session could.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(hours=1),
    )


@section("oidc.device")
class DeviceGrantSettings:
    """Programs that sign people in with a code; `authentication.devicecode` switches codes on."""

    client: tuple[DeviceClientSettings, ...] = setting(
        (), "The programs, as [[oidc.device.client]] tables.", at_most=1000
    )
