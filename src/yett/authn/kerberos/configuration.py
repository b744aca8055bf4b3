"""The gateway's own part of the Kerberos configuration, in front of the machine's.

The library reads the files named in KRB5_CONFIG in their order, and what comes first wins. What
stands here is what our security rests on: names are taken as they are and not asked of DNS
(RFC 4120, section 1.3), no default keytab and no default cache is ever touched, and weak ciphers are off.
"""

import os
from collections.abc import Mapping, MutableMapping
from datetime import timedelta
from pathlib import Path

NAME = "KRB5_CONFIG"
_SYSTEM = "/etc/krb5.conf"

# The library needs the line break after an opening brace.
_TEXT = """\
[libdefaults]
    allow_weak_crypto = false
    dns_canonicalize_hostname = false
    rdns = false
    forwardable = false
    proxiable = false
    ticket_lifetime = {lifetime}s
    renew_lifetime = {renewable}s
    default_keytab_name = FILE:{folder}/no-keytab
    default_client_keytab_name = FILE:{folder}/no-keytab
    default_ccache_name = MEMORY:
"""


def own_text(folder: Path, lifetime: timedelta, renewable: timedelta) -> str:
    """The lines of our own file."""
    seconds = {"lifetime": int(lifetime.total_seconds()), "renewable": int(renewable.total_seconds())}
    return _TEXT.format(folder=folder, **seconds)


def behind(wanted: Path | None, environ: Mapping[str, str]) -> str:
    """The machine's configuration: what the setting names, else the environment, else the usual place."""
    return str(wanted) if wanted is not None else environ.get(NAME) or _SYSTEM


def use(own: Path, machine: str, environ: MutableMapping[str, str]) -> None:
    """Let the library, and the programs we start, read our part first.

    Of all that it reads in the environment only this is left: a variable could name another keytab,
    or a file to trace every secret into.
    """
    for name in [name for name in environ if name.startswith("KRB5") and name != NAME]:
        del environ[name]
    environ[NAME] = f"{own}:{machine}"


def problem_with(machine: str) -> str:
    """Why a configuration cannot be read; empty when nothing is known against it."""
    for path in machine.split(":"):
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - the text is the library's own list of paths
                file.read(1)
        except OSError as problem:
            return f"{path}: {os.strerror(problem.errno or 0)}"
    return ""
