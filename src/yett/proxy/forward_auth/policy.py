"""The rules of the settings, for questions that do not say who may pass. Pure functions over values.

The first rule that is for a request is the one; what no rule is for, nobody may. A path that could
be read as that of another rule, by whatever stands behind the proxy, is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yett.identity.access import Assurance
from yett.net.trust import Networks
from yett.proxy.config import PathKind
from yett.proxy.forward_auth.config import Level, RuleSettings
from yett.proxy.forward_auth.model import Asked, Demand, Refused, Why
from yett.proxy.forward_auth.parameters import MINIMUM_LIFETIME
from yett.proxy.matching import Miss, Place, Places
from yett.tokens import Delegation

CLOSED = Demand(is_closed=True)
_OPEN = Demand(is_open=True)
_TWO_READINGS = Refused(Why.INSUFFICIENT_SCOPE, "This address can be read in more than one way")


@dataclass(frozen=True, slots=True)
class _Rule:
    hosts: tuple[str, ...]
    places: Places | None
    methods: frozenset[str]
    networks: Networks | None
    denies: bool
    demand: Demand


class Policy:
    """All rules, ready to be asked."""

    def __init__(self, settings: Sequence[RuleSettings] = ()) -> None:
        """Raises BadPattern or BadNetwork; `check_forward_auth` tells beforehand."""
        self._rules = tuple(_compiled(each) for each in settings)

    def find(self, asked: Asked) -> Demand | Refused:
        """What has to be true of whoever sent this request."""
        # Some services take "delete" for DELETE.
        method = asked.method.upper()
        for rule in self._rules:
            if not _is_host(asked.host, rule.hosts) or (rule.methods and method not in rule.methods):
                continue
            if rule.networks is not None and not _is_from(asked.client, rule):
                continue
            if rule.places is not None:
                place = rule.places.find(asked.path)
                if place is Miss.NO_PATH:
                    continue
                if isinstance(place, Miss):
                    return _TWO_READINGS
            return rule.demand
        return CLOSED


def _is_host(host: str, hosts: tuple[str, ...]) -> bool:
    return not hosts or any(
        each in {host, "*"} or (each.startswith("*.") and host.endswith(each[1:])) for each in hosts
    )


def _is_from(client: str, rule: _Rule) -> bool:
    """Whether a client is in a rule's networks. One that nobody names could be: so it is where that denies."""
    if not client:
        return rule.denies
    return rule.networks is not None and client in rule.networks


def _compiled(settings: RuleSettings) -> _Rule:
    delegation = None
    if settings.delegate_to:
        delegation = Delegation(settings.delegate_to, frozenset(settings.delegate_scopes))
    demand = {
        Level.BYPASS: _OPEN,
        Level.DENY: CLOSED,
    }.get(settings.level) or Demand(
        scopes=frozenset(settings.scopes),
        groups=(frozenset(settings.groups),) if settings.groups else (),
        assurance=Assurance.MFA if settings.level is Level.TWO_FACTOR else Assurance.SINGLE,
        delegation=delegation,
        minimum_lifetime=MINIMUM_LIFETIME if delegation is not None else 0,
    )
    methods = frozenset(settings.methods)
    return _Rule(
        hosts=settings.hosts,
        places=Places(_places(settings)) if settings.paths else None,
        # Who may GET may HEAD: it is the same without the body.
        methods=methods | {"HEAD"} if "GET" in methods else methods,
        networks=Networks(settings.networks) if settings.networks else None,
        denies=settings.level is Level.DENY,
        demand=demand,
    )


def _places(settings: RuleSettings) -> Iterator[Place]:
    for number, path in enumerate(settings.paths):
        # A slash at the end of a path makes no difference.
        plain = path.rstrip("/") or "/" if settings.match is not PathKind.PATTERN else path
        yield Place(plain, settings.match, number)
