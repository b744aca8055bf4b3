"""What has to be right about the settings before anything starts."""

from collections.abc import Iterator

from yett.config import Mistake
from yett.net import ProxyMode, ServiceSettings
from yett.net.trust import BadNetwork, Networks
from yett.proxy.forward_auth.config import ForwardAuthSettings, Level
from yett.proxy.forward_auth.policy import Policy
from yett.proxy.matching import BadPattern
from yett.tokens import TokensSettings


def check_forward_auth(
    settings: ForwardAuthSettings, tokens: TokensSettings, service: ServiceSettings
) -> Iterator[Mistake]:
    """What is wrong beyond single values."""
    for network in settings.trusted:
        try:
            Networks((network,))
        except BadNetwork as problem:
            yield Mistake("forward_auth.trusted", network, str(problem))
    yield from _check_rules(settings)
    if not settings.enabled:
        return
    if not tokens.enabled:
        yield Mistake("forward_auth.enabled", "true", "only good with tokens.enabled")
    elif not tokens.cookie_domain:
        yield Mistake("tokens.cookie_domain", "", "forward_auth needs to know whose hosts get the cookie")
    is_behind_another = service.proxy_mode is not ProxyMode.OFF or not service.tls
    if settings.on_sign_in_host and is_behind_another:
        yield Mistake(
            "forward_auth.on_sign_in_host",
            "true",
            "with a proxy in front of the sign-in host everybody's requests come from that proxy",
            "set it to false, and forward_auth.listen to an address of its own",
        )
    if not settings.on_sign_in_host and not settings.listen:
        yield Mistake("forward_auth.listen", "", "nobody could ask: on_sign_in_host is off as well")
    port = settings.listen.rpartition(":")[2]
    if settings.listen and not settings.listen.startswith("unix:") and int(port) > 65535:
        yield Mistake("forward_auth.listen", settings.listen, "there is no such port")


def _check_rules(settings: ForwardAuthSettings) -> Iterator[Mistake]:
    for number, rule in enumerate(settings.rule):
        where = f"forward_auth.rule[{number}]"
        if rule.level in {Level.BYPASS, Level.DENY} and (rule.groups or rule.scopes):
            yield Mistake(where, rule.level.value, "groups and scopes say nothing about who is not asked for")
        if rule.level in {Level.BYPASS, Level.DENY} and rule.delegate_to:
            yield Mistake(f"{where}.delegate_to", rule.delegate_to, "there is nobody for whom it could act")
        if rule.delegate_scopes and not rule.delegate_to:
            yield Mistake(
                f"{where}.delegate_scopes", ", ".join(rule.delegate_scopes), "nothing without delegate_to"
            )
        try:
            Policy((rule,))
        except BadPattern as problem:
            yield Mistake(f"{where}.paths", ", ".join(rule.paths), str(problem))
        except BadNetwork as problem:
            yield Mistake(f"{where}.networks", ", ".join(rule.networks), str(problem))
