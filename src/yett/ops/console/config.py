"""Who may read the log in a browser, and how much they may ask for."""

import ipaddress
from collections.abc import Iterator
from datetime import timedelta

from yett.config import Mistake, section, setting
from yett.identity import NAME
from yett.identity.access import Assurance

_GROUP_WORDS = "the name of a group, in lower case"


@section("console")
class ConsoleSettings:
    """The log in a browser, at /console on the sign-in host. There is none until a group is named."""

    groups: tuple[str, ...] = setting(
        (),
        "Groups whose members may search the log and read all that stands in it.",
        matches=NAME,
        expects=_GROUP_WORDS,
    )
    masked_groups: tuple[str, ...] = setting(
        (),
        "Groups whose members may search it too, with everything hidden that says who somebody is.",
        matches=NAME,
        expects=_GROUP_WORDS,
    )
    assurance: Assurance = setting(
        Assurance.MFA, "How well whoever reads has to have proven who they are; who has not is asked for it."
    )
    signed_in_within: timedelta = setting(
        timedelta(hours=1),
        "How long after a sign-in the log may be read; then the person is asked to sign in anew.",
        at_least=timedelta(minutes=5),
        at_most=timedelta(hours=24),
    )
    networks: tuple[str, ...] = setting(
        (),
        'Addresses and networks from which it may be read, such as "10.1.0.0/16"; with none, from everywhere.',
        at_most=1000,
    )
    deadline: timedelta = setting(
        timedelta(seconds=10),
        "How long one search may take; what was found by then is shown.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(minutes=2),
    )
    searches: int = setting(
        2,
        "Searches at the same time; more have to wait their turn.",
        at_least=1,
        at_most=8,
        reloadable=False,
    )
    export_limit: int = setting(
        100_000,
        "The most records in one download; 0 means that there are none.",
        at_least=0,
        at_most=10_000_000,
    )

    @property
    def is_enabled(self) -> bool:
        """Whether anybody may read."""
        return bool(self.groups or self.masked_groups)


def check_console(settings: ConsoleSettings) -> Iterator[Mistake]:
    """What is wrong beyond types and patterns."""
    for number, text in enumerate(settings.networks, start=1):
        try:
            ipaddress.ip_network(text)
        except ValueError as problem:
            yield Mistake("console.networks", text, f"entry {number} is no address or network: {problem}")
