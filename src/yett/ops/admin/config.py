"""Where the admin socket is."""

from collections.abc import Mapping
from pathlib import Path

from yett.config import section, setting


@section("admin")
class AdminSettings:
    """The local admin socket."""

    socket: bool = setting(True, "Offer the admin socket.", reloadable=False)
    socket_path: Path | None = setting(
        None, "Where the socket is; unset puts it beside the data, as admin.sock.", reloadable=False
    )


def socket_path(settings: AdminSettings, data: Path | None, environ: Mapping[str, str]) -> Path:
    """The socket's place: YETT_ADMIN_SOCK, the setting, or beside the data."""
    named = environ.get("YETT_ADMIN_SOCK", "")
    if named:
        return Path(named)
    if settings.socket_path is not None:
        return settings.socket_path
    return (data or Path("/run/yett")) / "admin.sock"
