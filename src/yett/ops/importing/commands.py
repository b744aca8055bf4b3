"""What is typed."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from yett.kernel import CommandFailed, Place, command
from yett.ops.importing import authelia, gafaelfawr, ingress_nginx, oauth2_proxy, ours, words
from yett.ops.importing.documents import text_of
from yett.ops.importing.model import Draft
from yett.ops.importing.outcome import told
from yett.ops.importing.writing import people_text, secrets_text, settings_text
from yett.ops.shell import printable

_PRIVATE = 0o600

Files = Annotated[str, Parameter(help="Files to read; - is standard input.", allow_leading_hyphen=True)]
Output = Annotated[str, Parameter(help="The file to write; it must not exist. Else standard output.")]
Secrets = Annotated[
    str, Parameter(help="The file for secrets, as variables that the settings name; nobody else may read it.")
]
Hostname = Annotated[
    str, Parameter(help="What the sign-in host is called, where that is not to be taken over.")
]
Strict = Annotated[bool, Parameter(help="Fail when something has no equivalent.", negative=())]

Reader = Callable[[list[tuple[str, str]], Draft], str | None]


@command("import oauth2-proxy", place=Place.HERE)
def import_oauth2_proxy(
    *files: Files, output: Output = "", secrets: Secrets = "", hostname: Hostname = "", strict: Strict = False
) -> None:
    """Turn settings of oauth2-proxy into ours: its file, variables, flags, and its structured settings (YAML).

    What has no equivalent is listed on standard error.
    """
    _import(
        "oauth2-proxy",
        files,
        _with(oauth2_proxy.convert, hostname),
        output=output,
        secrets=secrets,
        strict=strict,
    )


@command("import authelia", place=Place.HERE)
def import_authelia(
    *files: Files,
    output: Output = "",
    secrets: Secrets = "",
    users: Annotated[
        str, Parameter(help="The file for people, to become users.toml of the data directory.")
    ] = "",
    hostname: Hostname = "",
    strict: Strict = False,
) -> None:
    """Turn Authelia's configuration.yml and its users file into ours.

    What has no equivalent is listed on standard error. Hashes of passwords are kept where they are Argon2id.
    """
    _import(
        "Authelia",
        files,
        _with(authelia.convert, hostname),
        output=output,
        secrets=secrets,
        users=users,
        strict=strict,
    )


@command("import ingress-nginx", place=Place.HERE)
def import_ingress_nginx(
    *files: Files, output: Output = "", secrets: Secrets = "", hostname: Hostname = "", strict: Strict = False
) -> None:
    """Turn Ingress objects with annotations of ingress-nginx into mappings of ours.

    Name the Service objects as well, where ports have names. What has no equivalent is listed on standard error.
    """
    _import(
        "ingress-nginx",
        files,
        _with(ingress_nginx.convert, hostname),
        output=output,
        secrets=secrets,
        strict=strict,
    )


@command("import gafaelfawr", place=Place.HERE)
def import_gafaelfawr(
    *files: Files,
    output: Output = "",
    secrets: Secrets = "",
    snippets: Annotated[
        str, Parameter(help="The file for pieces of NGINX configuration, one for each GafaelfawrIngress.")
    ] = "",
    hostname: Hostname = "",
    strict: Strict = False,
) -> None:
    """Turn Gafaelfawr's settings, the values of its chart and its GafaelfawrIngress objects into ours.

    What has no equivalent is listed on standard error.
    """
    _import(
        "Gafaelfawr",
        files,
        _with(gafaelfawr.convert, hostname),
        output=output,
        secrets=secrets,
        snippets=snippets,
        strict=strict,
    )


def _with(convert: Callable[..., str | None], hostname: str) -> Reader:
    name = words.host_of(hostname) if hostname else ""
    if name is None:
        raise CommandFailed(f"--hostname {hostname[:80]!r} is no host name")

    def read(files: list[tuple[str, str]], draft: Draft) -> str | None:
        return convert(files, draft, hostname=name)

    return read


def _import(
    what: str,
    files: tuple[str, ...],
    read: Reader,
    *,
    output: str,
    secrets: str,
    users: str = "",
    snippets: str = "",
    strict: bool,
) -> None:
    if not files:
        raise CommandFailed("name the files to read; - is standard input")
    for target, option in (
        (output, "--output"),
        (secrets, "--secrets"),
        (users, "--users"),
        (snippets, "--snippets"),
    ):
        if target and os.path.lexists(target):
            raise CommandFailed(f"{target} is there already; move it away, or name another with {option}")
    draft = Draft()
    pieces = read([(name, text_of(name)) for name in files], draft) or ""
    ours.settle(draft)
    if not any(table.lines for table in draft.tables) and not draft.people:
        raise CommandFailed(f"{', '.join(files)}: there are no settings of {what} in it")
    wrote = _write(draft, what, files, output=output, secrets=secrets, users=users)
    if pieces and snippets:
        _create(snippets, pieces)
        wrote.append(snippets)
    elif pieces:
        draft.left(
            "(pieces for NGINX)",
            "",
            "they are not written without --snippets",
            "import again with --snippets FILE",
        )
    sys.stderr.write(printable(told(draft, wrote=wrote)) + "\n")
    if strict and draft.open_ends:
        raise CommandFailed(f"{len(draft.open_ends)} settings have no equivalent")


def _write(
    draft: Draft, what: str, files: tuple[str, ...], *, output: str, secrets: str, users: str
) -> list[str]:
    wrote = []
    names = sorted(draft.secrets)
    if names:
        place = f"in {secrets}" if secrets else "to be set before the gateway starts"
        draft.notes.append(f"Secrets are variables, {place}: {', '.join(names)}")
    title = f"Made from settings of {what}: {', '.join(Path(name).name for name in files)}"
    if secrets:
        _create(secrets, secrets_text(draft))
        wrote.append(secrets)
    elif names:
        draft.left(
            "(secrets)",
            ", ".join(names),
            "they are not written without --secrets",
            "import again with --secrets FILE, or set them",
        )
    if draft.people and users:
        _create(users, people_text(draft))
        wrote.append(users)
    elif draft.people:
        draft.left(
            "(people)",
            len(draft.people),
            "they are not written without --users",
            "import again with --users FILE",
        )
    text = settings_text(draft, title)
    if output:
        _create(output, text)
        wrote.append(output)
    else:
        sys.stdout.write(text)
        sys.stdout.flush()
    return wrote


def _create(name: str, text: str) -> None:
    """A new file that nobody else may read; none in the place of one that is there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(name, flags, _PRIVATE)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "is no file's name"
        raise CommandFailed(f"cannot write {name}: {reason}") from problem
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "replace"))
    except OSError as problem:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise CommandFailed(f"cannot write {name}: {problem.strerror}") from problem
