"""The `yett` command: gathers each room's commands and runs them, here or in the running gateway.

It ends with 0 when it did what was asked, 1 when it could not, 2 when what was typed is no command,
130 after Ctrl-C and 141 when whoever read its output has gone.
"""

import asyncio
import contextlib
import inspect
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import uvloop
from cyclopts import Parameter

from yett import __version__, app
from yett.authn.password import Hasher, PasswordSettings
from yett.authn.x509 import X509Files, X509Settings
from yett.config import Check, ConfigInvalid, Loaded, catalogue, load
from yett.identity import LocalUsers, UserCommands
from yett.identity.ldap import LdapCommands, LdapSettings
from yett.kernel import Command, CommandFailed, Place, Verdict, command, commands
from yett.keys import AUDIT_KEY, MasterKeyUnusable, Signer, find_master_key, open_master_key
from yett.keys.threshold import CosignerCommands, CosignerSettings, Identity, check_cosigner
from yett.net import ServiceSettings
from yett.net.http import Answer, ASGIApp, Decision, Failure, HTTPServer, Limits, Outcome, Request, Serve
from yett.ops import AuditCommands, ExplainCommands, RecordCommands, shell
from yett.ops.admin import AdminSettings, NoGateway, ask, socket_path
from yett.ops.demo import APPLICATION_HOST, DemoApplication, DemoFolder, prepare
from yett.ops.searching import LogsSettings
from yett.pki import AuthorityCommands
from yett.store import ClusterSettings, StoreUnavailable

_DEFAULT_CONFIG = Path("/etc/yett")
_TELLING = 10.0
"""Seconds for a running gateway to take over a file of people."""
_HELP = """\
Yett, an identity-aware access gateway.

--config PATH names the configuration, a file or a folder (else YETT_CONFIG, else /etc/yett);
--json prints answers as JSON."""


class Context:
    """What was said besides the command: which configuration, which environment."""

    def __init__(self, config: Path, environ: Mapping[str, str]) -> None:
        self.config = config
        self.environ = environ
        self._loaded: Loaded | None = None

    def loaded(self, *, is_serving: bool = False) -> Loaded:
        """The checked configuration; CommandFailed lists everything wrong with it."""
        if self._loaded is None:
            # Standard output belongs to the command's answer, unless the command is the gateway itself.
            aside = contextlib.nullcontext() if is_serving else contextlib.redirect_stdout(sys.stderr)
            try:
                with aside:
                    self._loaded = load(self.config, self.environ, checks=(app.check,))
            except ConfigInvalid as problem:
                raise CommandFailed(str(problem)) from problem
        return self._loaded

    def data(self) -> Path:
        """The data directory."""
        directory = self.loaded().snapshot[ClusterSettings].directory
        if directory is None:
            raise CommandFailed("cluster.cluster_path is empty: this gateway keeps everything in memory")
        return directory

    def socket(self) -> Path:
        """Where the admin socket is."""
        if self.environ.get("YETT_ADMIN_SOCK"):
            return Path(self.environ["YETT_ADMIN_SOCK"])
        snapshot = self.loaded().snapshot
        return socket_path(snapshot[AdminSettings], snapshot[ClusterSettings].directory, self.environ)

    def audit_key(self) -> str | None:
        """The public key that the audit log is signed with; None when there is no cluster key yet."""
        cluster = self.loaded().snapshot[ClusterSettings]
        master = find_master_key(cluster, cluster.directory)
        return Signer(master, AUDIT_KEY).public_key if master is not None else None

    def identity(self, *, of_cosigner: bool) -> Identity:
        """Who this gateway or co-signer is towards the other; its key is made if there is none."""
        snapshot = self._as_cosigner(()) if of_cosigner else self.loaded()
        cluster = snapshot.snapshot[ClusterSettings]
        if cluster.directory is None and not cluster.cluster_key:
            raise CommandFailed("there is neither cluster.cluster_path nor cluster.cluster_key to keep a key")
        return Identity(open_master_key(cluster, cluster.directory))

    def cosign(self) -> None:
        """Run a co-signer; CommandFailed lists everything wrong with its configuration."""
        app.cosign(
            self._as_cosigner((lambda snapshot: check_cosigner(snapshot[CosignerSettings]),)), self.environ
        )

    def _as_cosigner(self, checks: Sequence[Check]) -> Loaded:
        """The configuration of a co-signer, which has no other sections than these."""
        sections = [catalogue.sections[name] for name in ("cosigner", "cluster", "telemetry", "audit")]
        try:
            return load(self.config, self.environ, sections, checks)
        except ConfigInvalid as problem:
            raise CommandFailed(str(problem)) from problem

    def tell_of_people(self) -> None:
        """Come back when a gateway that runs here has taken over the users file."""
        try:
            ask(self.socket(), ["directory", "reload"], timeout=_TELLING)
        except NoGateway:
            return
        except CommandFailed as problem:
            sys.stderr.write(
                f"yett: a gateway that runs will see the change within a second; it could not be told: "
                f"{shell.printable(str(problem))}\n"
            )

    def hash_password(self, password: str) -> str:
        """The hash of a new password, made as the settings say."""
        return Hasher(self.loaded().snapshot[PasswordSettings]).hash_new(password)


class ProgramCommands:
    """Starting the gateway, and looking at its configuration before that."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @command("serve", place=Place.HERE)
    def serve(self) -> None:
        """Run the gateway until it is asked to stop."""
        app.serve(self._context.loaded(is_serving=True), self._context.config, self._context.environ)

    @command("check", place=Place.HERE)
    def check(self) -> str:
        """Check the configuration as a whole without starting anything; every mistake is listed."""
        loaded = self._context.loaded()
        files = ", ".join(str(file) for file in loaded.files)
        return f"the configuration is in order ({files})"

    @command("version", place=Place.HERE)
    def version(self) -> str:
        """Print the version."""
        return f"yett {__version__}"


class DemoCommands:
    """Trying the gateway out."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @command("demo", place=Place.HERE, writes=True)
    def demo(
        self,
        *,
        folder: Annotated[Path, Parameter(help="Where everything of the demo is kept.")] = Path("local"),
    ) -> None:
        """Run a gateway with two people and a small application behind it, on this machine only."""
        hasher = Hasher(PasswordSettings())
        made = prepare(folder, hasher.hash_new, say=_say)
        context = Context(made.configuration, self._context.environ)
        loaded = context.loaded(is_serving=True)
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(_demo(loaded, made, context))


async def _demo(loaded: Loaded, folder: DemoFolder, context: Context) -> None:
    gateway = app.Yett(loaded, folder.configuration, context.environ)
    await gateway.start()
    application = DemoApplication(lambda: gateway.proxy.signer.public_keys(gateway.now()))
    # This one stands behind the gateway and has to hear what the gateway says.
    upstream = HTTPServer(_Only(application.app), Limits(private_prefix=b""), spawn=gateway.tasks.run)
    folder.socket.unlink(missing_ok=True)
    try:
        await upstream.start(unix_path=str(folder.socket))
        _say(_welcome(folder, loaded.snapshot[ServiceSettings].port))
        await gateway.wait()
    finally:
        await gateway.lifecycle.stop()
        await upstream.drain(1.0)
        folder.socket.unlink(missing_ok=True)


class _Only:
    """A gate with one application behind it and nothing to decide."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    def decide(self, request: Request) -> Decision:
        return Serve(self._application, state={"request_id": request.scope.request_id})

    def failed(self, request: Request, failure: Failure, detail: str) -> Answer:  # noqa: ARG002 - the port's
        return Answer(502, b"")

    def refused(self, *_: Any) -> Answer:
        return Answer(400, b"")

    def finished(self, request: Request, outcome: Outcome) -> None:
        """The gateway in front records the request; twice would be once too often."""


def _welcome(folder: DemoFolder, port: int) -> str:
    people = "\n".join(
        f"    {line}" for line in folder.people.read_text().splitlines() if " password " in line
    )
    yett = f"{Path(sys.argv[0])} --config {_short(folder.configuration)}"
    return f"""
  Yett is running. Open

    https://{APPLICATION_HOST}:{port}/

  and sign in as

{people}

  The browser warns until it trusts the demo's own authority ({_short(folder.data)}/pki/root.pem).
  Try it without one:  curl --cacert {_short(folder.data)}/pki/root.pem https://{APPLICATION_HOST}:{port}/ -i

  Why was bob refused?     {yett} explain REQUEST-ID
  Who signed in?           {yett} logs search --audit
  What is going on?        {yett} admin status

  Everything is kept in {_short(folder.root)}. Ctrl-C stops it.
"""


def _short(path: Path) -> Path:
    """A path as somebody who stands here would type it."""
    with contextlib.suppress(ValueError):
        return path.relative_to(Path.cwd())
    return path


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


# The command line.


def main() -> None:
    """Run what was typed, and end with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name in another encoding than ours is shown escaped; it is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:], os.environ))


def run(words: list[str], environ: Mapping[str, str]) -> int:
    """One command; its exit code."""
    try:
        rest, config, as_json = _options(words)
        context = Context(config or Path(environ.get("YETT_CONFIG") or _DEFAULT_CONFIG), environ)
        is_yes = _dispatch(rest, context, as_json=as_json)
        # What is still buffered may have nowhere to go, too.
        sys.stdout.flush()
    except KeyboardInterrupt:
        _give_up_output()
        return 130
    except BrokenPipeError:
        _give_up_output()
        return 141
    except shell.UsageError as problem:
        _complain(problem)
        return 2
    except (CommandFailed, StoreUnavailable, MasterKeyUnusable, OSError) as problem:
        try:
            sys.stdout.flush()
        except OSError:
            _give_up_output()
        _complain(problem)
        return 1
    return 0 if is_yes else 1


def _complain(problem: Exception) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"yett: {shell.printable(str(problem))}\n")
        sys.stderr.flush()


def _give_up_output() -> None:
    """Let what is still buffered go nowhere, or Python complains about it at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _options(words: list[str]) -> tuple[list[str], Path | None, bool]:
    """The words without the options that every command has; behind `--` there are none."""
    rest: list[str] = []
    config: str | None = None
    as_json = False
    left = iter(words)
    for word in left:
        if word == "--":
            rest += [word, *left]
        elif word in {"--config", "-c"}:
            config = next(left, "")
        elif word.startswith("--config="):
            config = word.removeprefix("--config=")
        elif word == "--json":
            as_json = True
        else:
            rest.append(word)
    if config == "":
        raise shell.UsageError("--config needs the path of a file or a folder")
    return rest, None if config is None else Path(config), as_json


def _dispatch(words: list[str], context: Context, *, as_json: bool) -> bool:
    """Do what was typed; False when the answer to it is no."""
    words = _as_option(words)
    every = list(commands.values())
    here, served = shell.places(every, Place.HERE), shell.places(every, Place.SERVER)
    is_admin = words[:1] == ["admin"]
    line = shell.build("yett", _HELP, here, version=f"yett {__version__}")
    line.command(shell.build("admin", shell.FOLDERS["admin",], served))
    try:
        parsed = shell.parse(line, words)
    except shell.UsageError as problem:
        raise shell.UsageError(_elsewhere(words, served, here) or str(problem)) from problem
    if parsed.words is not None:
        sys.stdout.write(shell.help_text(line, parsed.words, out=sys.stdout))
    elif shell.is_of_app(parsed.function):
        sys.stdout.write(f"yett {__version__}\n")
    elif is_admin:
        answer = ask(context.socket(), words[1:])
        shell.show(answer, as_json=as_json, out=sys.stdout)
        return not isinstance(answer, Verdict) or answer.is_yes
    else:
        shell.show(
            _run_here(commands[parsed.path], parsed, context, as_json), as_json=as_json, out=sys.stdout
        )
    return True


def _as_option(words: list[str]) -> list[str]:
    """`help users add` and `admin help sessions` are other ways to say `users add --help`."""
    if words[:1] == ["help"]:
        return [*words[1:], "--help"]
    if words[:2] == ["admin", "help"]:
        return ["admin", *words[2:], "--help"]
    return words


def _elsewhere(words: list[str], served: list[Command], here: list[Command]) -> str:
    """Where the command that was typed is to be found, when it is not where it was looked for."""
    is_admin = words[:1] == ["admin"]
    typed = tuple(words[1:] if is_admin else words)
    found = [each.path for each in (here if is_admin else served) if each.path == typed[: len(each.path)]]
    if not found:
        return ""
    path = " ".join(found[0])
    if is_admin:
        return f'"{path}" does not need the running gateway. Did you mean "yett {path}"?'
    return f'"{path}" is asked of the running gateway. Did you mean "yett admin {path}"?'


def _run_here(found: Command, parsed: shell.Parsed, context: Context, as_json: bool) -> Any:
    named = dict(parsed.named)
    if as_json and "json" in inspect.signature(found.function).parameters:
        named["json"] = True
    answer = _bind(context)(found)(*parsed.positional, **named)
    return asyncio.run(_wait(answer)) if inspect.isawaitable(answer) else answer


async def _wait(answer: Any) -> Any:
    return await answer


def _bind(context: Context) -> shell.Binder:
    """Makes the object whose method a command is, when it is needed and not before."""
    makers: dict[str, Callable[[], Any]] = {
        "ProgramCommands": lambda: ProgramCommands(context),
        "DemoCommands": lambda: DemoCommands(context),
        "RecordCommands": lambda: RecordCommands(
            context.data() / "log", lambda: context.loaded().snapshot[LogsSettings].query
        ),
        "AuditCommands": lambda: AuditCommands(lambda: context.data() / "log", context.audit_key),
        "ExplainCommands": lambda: ExplainCommands(context.data() / "log"),
        "UserCommands": lambda: UserCommands(
            LocalUsers(context.data() / "users.toml"), context.hash_password, tell=context.tell_of_people
        ),
        "LdapCommands": lambda: LdapCommands(lambda: context.loaded().snapshot[LdapSettings]),
        "CosignerCommands": lambda: CosignerCommands(
            lambda: context.identity(of_cosigner=False),
            lambda: context.identity(of_cosigner=True),
            context.cosign,
        ),
        "AuthorityCommands": lambda: AuthorityCommands(context.data()),
        "X509Files": lambda: X509Files(lambda: context.loaded().snapshot[X509Settings]),
    }

    def bind(found: Command) -> Callable[..., Any]:
        if not found.owner:
            return found.function
        bound: Callable[..., Any] = getattr(makers[found.owner](), found.function.__name__)
        return bound

    return bind
