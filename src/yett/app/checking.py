"""What can only be checked with all sections of the settings side by side."""

from collections.abc import Iterator

from yett.authn.kerberos import KerberosSettings, check_kerberos
from yett.authn.passkey import PasskeySettings, check_passkeys
from yett.authn.x509 import X509Settings, check_x509
from yett.config import Mistake, Snapshot
from yett.events import catalogue
from yett.guard.geo import GeoSettings, check_geo
from yett.guard.pow import PowSettings, check_pow
from yett.guard.time import TimeSettings, check_time
from yett.identity.federation import FederationSettings, check_federation
from yett.identity.ldap import LdapSettings, check_ldap
from yett.kernel.outputs import check_outputs
from yett.kernel.telemetry import Format, TelemetrySettings
from yett.kernel.tracing import TracingSettings, check_tracing
from yett.keys.threshold import ThresholdSettings, check_threshold
from yett.net import ServiceSettings, addresses_of
from yett.net.dns import DNSSettings, check_dns
from yett.net.fetching import FetchingSettings, check_fetching
from yett.net.trust import check_trust
from yett.notify.mail import MailSettings, SMTPSettings, check_mail
from yett.notify.notices import NotifySettings, check_notices
from yett.oidc import OIDCSettings
from yett.oidc.clients import check_clients
from yett.oidc.device import DeviceGrantSettings, check_device_clients
from yett.oidc.exchange import ExchangeSettings, check_exchange
from yett.oidc.mtls import MutualTLSSettings, check_mutual_tls
from yett.oidc.signing import SigningSettings, check_signing
from yett.ops.console import ConsoleSettings, check_console
from yett.ops.metrics import MetricsSettings, check_metrics
from yett.ops.searching import LogsSettings, check_queries
from yett.pki import overlap_problem
from yett.proxy import ProxySettings, check_proxy
from yett.proxy.forward_auth import ForwardAuthSettings, check_forward_auth
from yett.tokens import TokensSettings, check_tokens

_NO_PROVIDER = "is the name of no [[identity.federation.provider]]"


def check(snapshot: Snapshot) -> Iterator[Mistake]:
    """What can only be seen with all sections side by side."""
    service = snapshot[ServiceSettings]
    if (service.tls_cert is None) != (service.tls_key is None):
        missing = "tls_key" if service.tls_key is None else "tls_cert"
        yield Mistake(f"service.{missing}", "", "tls_cert and tls_key are only good together")
    problem = overlap_problem(service.auto_tls_renewal, service.auto_tls_validity)
    if problem:
        yield Mistake("service.auto_tls_renewal", str(service.auto_tls_renewal), problem)
    try:
        addresses_of(service.network_interface)
    except ValueError as wrong:
        yield Mistake("service.network_interface", service.network_interface, str(wrong))
    yield from check_trust(service)
    yield from check_x509(snapshot[X509Settings], service)
    yield from check_threshold(snapshot[ThresholdSettings])
    yield from check_dns(snapshot[DNSSettings])
    yield from check_fetching(snapshot[FetchingSettings])
    yield from check_ldap(snapshot[LdapSettings])
    yield from check_federation(snapshot[FederationSettings])
    yield from _check_providers(snapshot)
    yield from check_time(snapshot[TimeSettings])
    yield from check_geo(snapshot[GeoSettings])
    yield from check_pow(snapshot[PowSettings])
    yield from check_kerberos(snapshot[KerberosSettings])
    yield from check_passkeys(snapshot[PasskeySettings], service.hostname)
    yield from check_proxy(snapshot[ProxySettings], service.hostname)
    yield from check_tokens(snapshot[TokensSettings], service.hostname)
    yield from check_forward_auth(snapshot[ForwardAuthSettings], snapshot[TokensSettings], service)
    smtp = snapshot[SMTPSettings]
    yield from check_mail(smtp, snapshot[MailSettings])
    yield from check_notices(snapshot[NotifySettings], catalogue.events, has_mail=bool(smtp.host))
    audiences = set(_audiences(snapshot))
    yield from check_device_clients(snapshot[DeviceGrantSettings], audiences)
    programs = {each.id for each in snapshot[DeviceGrantSettings].client}
    yield from check_clients(snapshot[OIDCSettings].client, programs, audiences)
    signed = [(each.id, each.id_token_algorithm) for each in snapshot[OIDCSettings].client]
    is_shared = bool(snapshot[ThresholdSettings].cosigner)
    yield from check_signing(snapshot[SigningSettings], signed, is_shared=is_shared)
    yield from check_mutual_tls(snapshot[MutualTLSSettings])
    yield from check_exchange(snapshot[ExchangeSettings])
    yield from check_metrics(snapshot[MetricsSettings])
    yield from check_console(snapshot[ConsoleSettings])
    yield from check_tracing(snapshot[TracingSettings])
    yield from check_queries(snapshot[LogsSettings])
    telemetry = snapshot[TelemetrySettings]
    yield from check_outputs(telemetry.output, writes_stdout=telemetry.format is not Format.NONE)


def _check_providers(snapshot: Snapshot) -> Iterator[Mistake]:
    """Mappings that send people to a provider nobody has set up, or want its tokens; or that it is no good for."""
    providers = {each.name: each for each in snapshot[FederationSettings].provider}
    for number, mapping in enumerate(snapshot[ProxySettings].mapping):
        at = f"proxy.mapping[{number}]"
        if mapping.sign_in_with:
            provider, key = providers.get(mapping.sign_in_with), f"{at}.sign_in_with"
            if provider is None:
                yield Mistake(key, mapping.sign_in_with, _NO_PROVIDER)
            elif not provider.sign_in:
                yield Mistake(key, mapping.sign_in_with, "is a provider that has sign_in = false")
        if mapping.bearer is not None and mapping.bearer.through:
            provider, key = providers.get(mapping.bearer.through), f"{at}.bearer.through"
            if provider is None:
                yield Mistake(key, mapping.bearer.through, _NO_PROVIDER)
            elif provider.dpop:
                reason = "has dpop = true: a token that is bound to a key cannot be sent as a bearer token"
                yield Mistake(key, mapping.bearer.through, reason)


def _audiences(snapshot: Snapshot) -> Iterator[str]:
    """Who believes tokens of ours that speak for people whom the proxy has let in."""
    issuers = {each.name: each.issuer for each in snapshot[FederationSettings].provider}
    for mapping in snapshot[ProxySettings].mapping:
        if mapping.bearer is None:
            continue
        if not mapping.bearer.through:
            yield mapping.bearer.audience or mapping.app
        elif mapping.bearer.through in issuers:
            yield issuers[mapping.bearer.through]
