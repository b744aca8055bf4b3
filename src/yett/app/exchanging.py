"""How clients of the provider prove who they are, and the token endpoint."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.routing import BaseRoute

from yett.authn.x509 import Chain, Standing
from yett.config import Snapshot
from yett.identity import Directory
from yett.kernel import Clock
from yett.net import ClientCertificate, ServiceSettings
from yett.net.fetching import Fetcher
from yett.oidc import OIDCSettings, Provider
from yett.oidc.client_auth import ClientAuth, ClientAuthSettings
from yett.oidc.clients import AuthMethod
from yett.oidc.device import DEVICE_AUTHORIZATION, DeviceGrant
from yett.oidc.device import routes as device_routes
from yett.oidc.discovery import Discovery
from yett.oidc.dpop import DPoPSettings, Proofs
from yett.oidc.exchange import TOKEN, Exchange, ExchangeSettings, Grants, Tokens, routes
from yett.oidc.jose import ALGORITHMS, Published
from yett.oidc.mtls import ClientCertificates, MutualTLSSettings
from yett.oidc.registration import Mode, RegistrationSettings
from yett.store import Records

_BY_CERTIFICATE = {AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS}


class Proving:
    """What tells clients and keys from strangers."""

    def __init__(
        self,
        records: Records,
        snapshot: Snapshot,
        clock: Clock,
        *,
        origin: str,
        provider: Provider,
        fetcher: Fetcher,
        listed: Callable[[Chain], Standing],
    ) -> None:
        self.published = Published(fetcher, clock)
        self._certificates = ClientCertificates(snapshot[MutualTLSSettings], listed)
        self.clients = ClientAuth(
            provider.clients,
            records,
            self.published,
            self._certificates,
            snapshot[ClientAuthSettings],
            clock,
            issuer=origin,
        )
        self.proofs = Proofs(records, snapshot[DPoPSettings], clock)

    def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        self._certificates.apply(new[MutualTLSSettings])
        self.clients.apply(new[ClientAuthSettings])
        self.proofs.apply(new[DPoPSettings])


class Exchanging:
    """The token endpoint, and where devices ask for codes."""

    def __init__(
        self,
        records: Records,
        snapshot: Snapshot,
        clock: Clock,
        proving: Proving,
        *,
        origin: str,
        provider: Provider,
        tokens: Tokens,
        directory: Directory,
        devices: DeviceGrant,
        discovery: Discovery,
    ) -> None:
        self._origin = origin
        self._clients = provider.clients
        self._use(snapshot)
        devices.find_clients(provider.clients.get)
        grants = Grants(
            provider,
            tokens,
            devices,
            directory,
            records,
            proving.published,
            snapshot[ExchangeSettings],
            clock,
            issuer=origin,
        )
        self._exchange = Exchange(
            proving.clients,
            proving.proofs,
            grants,
            snapshot[ExchangeSettings],
            clock,
            issuer=origin,
            has_clients=self._has_clients,
        )
        self.routes: list[BaseRoute] = [
            *routes(self._exchange),
            *device_routes(devices, issuer=origin, auth=proving.clients),
        ]
        discovery.join(self._facts)

    def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        self._use(new)
        self._exchange.apply(new[ExchangeSettings])

    def _use(self, snapshot: Snapshot) -> None:
        self._service = snapshot[ServiceSettings]
        self._may_register = (
            snapshot[OIDCSettings].enabled and snapshot[RegistrationSettings].mode is not Mode.OFF
        )

    def _has_clients(self) -> bool:
        return self._may_register or bool(self._clients.configured)

    def _facts(self) -> Mapping[str, Any]:
        """What the discovery documents say of it (RFC 8414, section 2; RFC 8628, section 4; RFC 9449, section 5.1)."""
        has_certificates = (
            self._service.client_cert is not ClientCertificate.OFF or self._service.client_cert_header
        )
        methods = [method.value for method in AuthMethod if has_certificates or method not in _BY_CERTIFICATE]
        return {
            "token_endpoint": f"{self._origin}{TOKEN}",
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "dpop_signing_alg_values_supported": list(ALGORITHMS),
            "tls_client_certificate_bound_access_tokens": bool(has_certificates),
            "grant_types_supported": [grant.value for grant in self._exchange.grants],
            "device_authorization_endpoint": f"{self._origin}{DEVICE_AUTHORIZATION}"
            if self._exchange.has_devices
            else None,
        }
