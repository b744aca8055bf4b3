"""Requests to a provider in the gateway's own name."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from yett.identity.federation import rules
from yett.identity.federation.config import ClientAuth, ProviderSettings
from yett.identity.federation.model import Metadata
from yett.identity.federation.proofs import Proofs
from yett.identity.federation.signing import Signing
from yett.kernel import Clock, new_secret
from yett.net.fetching import Fetched, Fetcher, FetchFailed

_FORM: Final = "application/x-www-form-urlencoded"
_LARGEST: Final = 256 * 1024
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LASTS: Final = 60
_WANTS_NONCE: Final = "use_dpop_nonce"


class Asking:
    """Asks one provider, and proves each time who asks."""

    def __init__(
        self,
        provider: ProviderSettings,
        fetcher: Fetcher,
        signing: Signing | None,
        proofs: Proofs | None,
        clock: Clock,
    ) -> None:
        """`signing` is the key of `client_key`; `proofs` are made where its tokens are bound to us."""
        self._provider = provider
        self._fetcher = fetcher
        self._signing = signing
        self.proofs = proofs
        self._clock = clock

    async def post(
        self, metadata: Metadata, url: str, fields: Mapping[str, str], *, proves: bool = False
    ) -> Fetched:
        """The answer to a form. Raises FetchFailed.

        `proves` adds a proof of possession where tokens are bound. A server that wants its nonce in it gets
        the request a second time, and not a third.
        """
        proofs = self.proofs if proves else None
        for _ in range(2):
            form, headers = self._credentials(metadata, fields)
            if proofs is not None:
                headers["DPoP"] = await proofs.make("POST", url)
            answer = await self._fetcher.post(
                url,
                urlencode(form).encode("ascii"),
                _FORM,
                headers=headers,
                most=_LARGEST,
                seconds=self._provider.timeout.total_seconds(),
                may_be_plain=self._provider.dev_mode,
            )
            if proofs is None or not proofs.hear(url, answer.headers.get("dpop-nonce", "")):
                break
            if answer.status not in {400, 401} or _error_of(answer) != _WANTS_NONCE:
                break
        return answer

    async def get(self, url: str, access_token: str) -> Fetched:
        """The answer to an access token. Raises FetchFailed."""
        proofs = self.proofs
        for _ in range(2):
            headers = {"Authorization": f"{'DPoP' if proofs is not None else 'Bearer'} {access_token}"}
            if proofs is not None:
                headers["DPoP"] = await proofs.make("GET", url, access_token)
            answer = await self._fetcher.get(
                url,
                headers=headers,
                most=_LARGEST,
                seconds=self._provider.timeout.total_seconds(),
                may_be_plain=self._provider.dev_mode,
            )
            if proofs is None or not proofs.hear(url, answer.headers.get("dpop-nonce", "")):
                break
            if answer.status != 401 or _WANTS_NONCE not in answer.headers.get("www-authenticate", ""):
                break
        return answer

    def _credentials(
        self, metadata: Metadata, fields: Mapping[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The form and the header fields that say and prove who we are."""
        provider = self._provider
        form, headers = dict(fields), dict[str, str]()
        match rules.client_auth(provider, metadata.auth_methods):
            case ClientAuth.BASIC:
                headers["Authorization"] = rules.basic_credentials(provider.client_id, provider.client_secret)
            case ClientAuth.POST:
                form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
            case ClientAuth.KEY if self._signing is not None:
                form |= {
                    "client_id": provider.client_id,
                    "client_assertion_type": _ASSERTION,
                    "client_assertion": self._assertion(metadata),
                }
            case _:
                form["client_id"] = provider.client_id
        return form, headers

    def _assertion(self, metadata: Metadata) -> str:
        """Who we are, signed (RFC 7523, 3). It is for the issuer, so that no other server can use it there."""
        if self._signing is None:
            raise FetchFailed("there is no key to prove who we are")
        now = int(self._clock.now())
        claims = {
            "iss": self._provider.client_id,
            "sub": self._provider.client_id,
            "aud": metadata.issuer,
            "jti": new_secret(16),
            "iat": now,
            "exp": now + _ASSERTION_LASTS,
        }
        return self._signing.sign({"typ": "JWT"}, claims)


def _error_of(answer: Fetched) -> str:
    try:
        return rules.error_of(answer.json())
    except FetchFailed:
        return ""
