"""Settings of mail: the server that takes it, and how mails look."""

import enum
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from yett.config import Mistake, section, setting
from yett.notify.mail.addresses import parse_sender


class Security(enum.Enum):
    """How the connection to the mail server is kept private."""

    STARTTLS = "starttls"
    """TLS has to be agreed on before anything else is said (RFC 3207)."""
    SSL = "ssl"
    """TLS from the first byte (RFC 8314, section 3.3)."""
    NONE = "none"
    """Nothing: for a server on this machine."""


@section("smtp")
class SMTPSettings:
    """The mail server that sends the gateway's mails on."""

    host: str = setting("", "Name or address of the mail server; empty sends no mail.", at_most=253)
    port: int = setting(
        587, "Its port: 587 for starttls, 465 for ssl, 25 for none.", at_least=1, at_most=65535
    )
    security: Security = setting(
        Security.STARTTLS,
        "starttls insists on TLS before the login, ssl speaks TLS from the first byte, none is for a server on "
        "this machine.",
    )
    username: str = setting("", "Name to log in with; empty for a server that wants none.", at_most=320)
    password: str = setting("", "Password of `username`.", at_most=1024, secret=True)
    sender: str = setting(
        "", 'Who mails come from: "yett@example.org" or "Yett <yett@example.org>".', at_most=320
    )
    ca_file: Path | None = setting(
        None, "PEM file with the authorities that vouch for the server; unset trusts the system's."
    )
    skip_tls_verify: bool = setting(
        False,
        "Send on although the server's certificate does not verify, with a warning each time: whoever can get "
        "between reads codes and sign-in links.",
    )
    timeout: timedelta = setting(
        timedelta(seconds=15),
        "How long the server may take for each answer.",
        at_least=timedelta(milliseconds=100),
        at_most=timedelta(minutes=5),
    )
    attempts: int = setting(
        3, "How often a mail is offered that the server cannot take just now.", at_least=1, at_most=10
    )
    retry_pause: timedelta = setting(
        timedelta(seconds=2),
        "Pause before the second attempt; each further one is three times as long.",
        at_least=timedelta(milliseconds=10),
        at_most=timedelta(minutes=5),
    )
    patience: timedelta = setting(
        timedelta(seconds=60),
        "After this long a mail is given up, whatever was tried.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(minutes=30),
    )
    connections: int = setting(2, "Most connections to the server at a time.", at_least=1, at_most=32)
    idle_timeout: timedelta = setting(
        timedelta(seconds=20),
        "How long an idle connection is kept for the next mail.",
        at_least=timedelta(0),
        at_most=timedelta(minutes=5),
    )
    queue: int = setting(
        200, "Most mails under way at a time; more are not sent.", at_least=1, at_most=100_000
    )


@section("notify.mail")
class MailSettings:
    """How mails look and which language they are in."""

    product: str = setting(
        "Yett", "What people know the gateway as; in subjects and texts.", at_least=1, at_most=60
    )
    language: str = setting(
        "en",
        "Language of mails for people who have not chosen one, and for operators.",
        matches=r"[a-z]{2,3}",
        expects='a language such as "en" or "de"',
    )
    templates: Path | None = setting(
        None, "Folder with texts and templates of your own, in place of those built in."
    )
    support: str = setting("", "Where people turn to for help; at the end of each mail.", at_most=200)


def check_mail(smtp: SMTPSettings, mail: MailSettings) -> Iterator[Mistake]:
    """What is wrong with the settings beyond single values."""
    if mail.templates is not None and not mail.templates.is_dir():
        yield Mistake("notify.mail.templates", str(mail.templates), "there is no such folder")
    if smtp.sender and parse_sender(smtp.sender) is None:
        yield Mistake(
            "smtp.sender", smtp.sender, "is no mail address", 'write "Yett <yett@example.org>" or the address'
        )
    if smtp.ca_file is not None:
        try:
            ssl.create_default_context(cafile=str(smtp.ca_file))
        except OSError as wrong:
            # An SSLError is one, too, and says nothing that an operator would understand.
            problem = "it holds no certificates in PEM" if isinstance(wrong, ssl.SSLError) else wrong.strerror
            yield Mistake("smtp.ca_file", str(smtp.ca_file), problem or "it cannot be read")
    if not smtp.host:
        return
    if not _is_host(smtp.host):
        yield Mistake("smtp.host", smtp.host, "is no host name and no address")
    if not smtp.sender:
        yield Mistake("smtp.sender", "", "is required when smtp.host is set")
    if bool(smtp.username) != bool(smtp.password):
        missing = "password" if smtp.username else "username"
        yield Mistake(f"smtp.{missing}", "", "username and password are only good together")
    if smtp.security is Security.NONE and smtp.username:
        yield Mistake(
            "smtp.security",
            "none",
            "would send the password in the clear",
            "use starttls or ssl with a login",
        )
    if smtp.security is Security.NONE and smtp.skip_tls_verify:
        yield Mistake("smtp.skip_tls_verify", "true", "means nothing without TLS")


def _is_host(text: str) -> bool:
    return text.isascii() and text.isprintable() and not any(each in text for each in " @/\\\"'<>,;")
