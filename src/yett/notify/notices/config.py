"""Settings of notices: what operators want to be told of, and where."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from yett.config import REQUIRED, Mistake, item, section, setting
from yett.notify.mail.addresses import parse_address
from yett.notify.notices.model import Severity

_NAME = r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}"
_NAME_WORDS = "a name of letters, digits, dots, dashes, underscores and spaces"


@item(named_by="name")
class WebhookSettings:
    """A program that is told by HTTP."""

    name: str = setting(REQUIRED, "Name of the webhook.", matches=_NAME, expects=_NAME_WORDS)
    url: str = setting(
        REQUIRED,
        "Where notices are posted; plain http:// only together with `allow_private`.",
        matches=r"https?://(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]{0,2000})?",
        expects="an address that begins with https://",
        secret=True,
    )
    secret: str = setting(
        REQUIRED, "Key that notices are signed with.", at_least=16, at_most=1024, secret=True
    )
    allow_private: bool = setting(
        False,
        "Whether it may be on this machine or in a private network; its host is refused there otherwise.",
    )
    personal: bool = setting(
        False, "Whether it is told who did something and from where; it gets what is public otherwise."
    )
    ca_file: Path | None = setting(
        None, "PEM file with the authorities that vouch for it; unset trusts the system's."
    )


@item(named_by="name")
class RuleSettings:
    """Which events somebody wants to be told of."""

    name: str = setting(
        REQUIRED, "Name of the rule, as receivers see it.", matches=_NAME, expects=_NAME_WORDS
    )
    codes: tuple[str, ...] = setting(
        REQUIRED,
        'Codes of events as in the log reference; "*" stands for any text: "signin.*".',
        at_least=1,
        at_most=100,
        matches=r"[A-Za-z0-9_.*]{1,100}",
        expects='an event code, in which "*" may stand for any text',
    )
    severity: Severity = setting(Severity.WARN, "The least grave events that count: info, warn or error.")
    audit: bool = setting(False, "Whether only events of the audit log count.")
    mail: tuple[str, ...] = setting((), "Addresses that get a mail.", at_most=50)
    webhooks: tuple[str, ...] = setting((), "Names of webhooks that are told.", at_most=50)
    digest: bool = setting(False, "Gather what happens and tell it once in `digest_interval`.")


@section("notify")
class NotifySettings:
    """What operators are told of by mail and webhook."""

    rule: tuple[RuleSettings, ...] = setting((), "Which events are told to whom.", at_most=200)
    webhook: tuple[WebhookSettings, ...] = setting((), "Programs that can be told.", at_most=50)
    digest_interval: timedelta = setting(
        timedelta(minutes=15),
        "How long digests gather.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(days=1),
    )
    at_once: int = setting(
        20,
        "Most notices that one rule sends at once in a `digest_interval`; what comes beyond goes into a digest.",
        at_least=1,
        at_most=10_000,
    )
    timeout: timedelta = setting(
        timedelta(seconds=5),
        "How long a webhook may take to answer.",
        at_least=timedelta(milliseconds=100),
        at_most=timedelta(minutes=1),
    )
    retries: int = setting(
        3,
        "How often a webhook is told again that answered 5xx or not at all.",
        at_least=0,
        at_most=10,
    )
    retry_pause: timedelta = setting(
        timedelta(seconds=1),
        "Pause before the first of these; it doubles each time.",
        at_least=timedelta(milliseconds=10),
        at_most=timedelta(minutes=5),
    )
    queue: int = setting(
        500, "Most notices that wait, for each receiver; more are dropped.", at_least=10, at_most=100_000
    )


def check_notices(settings: NotifySettings, codes: Collection[str], *, has_mail: bool) -> Iterator[Mistake]:
    """What is wrong with the settings beyond single values. `codes` are all there are."""
    for kind, names in (
        ("rule", [rule.name for rule in settings.rule]),
        ("webhook", [webhook.name for webhook in settings.webhook]),
    ):
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Mistake(f"notify.{kind}[{name}].name", name, "is the name of several")
    for webhook in settings.webhook:
        yield from _check_webhook(webhook)
    known = {webhook.name for webhook in settings.webhook}
    for rule in settings.rule:
        key = f"notify.rule[{rule.name}]"
        if not rule.mail and not rule.webhooks:
            yield Mistake(f"{key}.mail", "", "is required where no webhooks are named")
        if rule.mail and not has_mail:
            yield Mistake(f"{key}.mail", "", "needs a mail server", "set smtp.host")
        for address in rule.mail:
            if parse_address(address) is None:
                yield Mistake(f"{key}.mail", address, "is no mail address")
        for name in rule.webhooks:
            if name not in known:
                yield Mistake(f"{key}.webhooks", name, "there is no such webhook")
        for pattern in rule.codes:
            if not any(fnmatchcase(code, pattern) for code in codes):
                yield Mistake(f"{key}.codes", pattern, "fits no event", "see: yett reference log")


def _check_webhook(webhook: WebhookSettings) -> Iterator[Mistake]:
    key = f"notify.webhook[{webhook.name}]"
    try:
        parts = urlsplit(webhook.url)
        port = parts.port
    except ValueError:
        # What it says may quote the address, which may hold a key.
        yield Mistake(f"{key}.url", "", "is no address")
        return
    if port == 0:
        yield Mistake(f"{key}.url", "", "0 is not a port")
    if parts.scheme == "http" and not webhook.allow_private:
        yield Mistake(
            f"{key}.url", "", "has to begin with https://", "or set allow_private, within your own networks"
        )
    if webhook.ca_file is not None and not webhook.ca_file.is_file():
        yield Mistake(f"{key}.ca_file", str(webhook.ca_file), "there is no such file")
