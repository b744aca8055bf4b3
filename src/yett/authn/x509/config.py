"""Settings of certificate sign-in."""

from datetime import timedelta
from pathlib import Path

from yett.authn.x509.model import Identity
from yett.config import item, section, setting

_HTTP = r"https?://[A-Za-z0-9.\[\]:-]+(/[!-~]*)?"
_PLACE = _HTTP + r"|/[^\x00-\x1f]*"
_PLACE_WORDS = "an http or https address, or the absolute path of a file"
_HOST = r"[a-z0-9.-]+(:[0-9]{1,5})?"
_DOMAIN = r"[A-Za-z0-9.-]+"


@item()
class CRLSettings:
    """One revocation list, and everywhere it is to be had."""

    urls: tuple[str, ...] = setting(
        (),
        "Where the list is, tried in this order: http or https addresses, or absolute paths of files.",
        at_least=1,
        at_most=16,
        matches=_PLACE,
        expects=_PLACE_WORDS,
    )


@section("authn.x509")
class X509Settings:
    """Signing in with a client certificate. TLS has to ask for one: see `service.client_cert`."""

    enabled: bool = setting(False, "Let people sign in with a certificate.")
    authorities: Path | None = setting(
        None,
        "PEM file with the authorities whose certificates sign people in; each is trusted by itself, a root "
        "or not. A change of the file is taken over within a minute.",
    )
    intermediates: Path | None = setting(
        None,
        "PEM file with authorities between those and people's certificates; they need not be trusted.",
    )
    max_intermediates: int = setting(
        3, "Most authorities between a trusted one and a certificate.", at_least=0, at_most=8
    )
    identity: Identity = setting(
        Identity.COMMON_NAME,
        'What names the person: "cn" (the common name is the user name), "email" (an e-mail address of the '
        'certificate is the one that the directory has), "upn" (user principal name), or "subject" '
        "(the whole subject, see `subjects`).",
    )
    upn_domains: tuple[str, ...] = setting(
        (),
        'Domains behind the "@" of user principal names whose users are ours; what stands before it is the user name.',
        matches=_DOMAIN,
        expects="a domain name",
    )
    subjects: tuple[str, ...] = setting(
        (),
        'Subjects with "{user}" in place of the user name, such as "CN={user},OU=People,O=Example" (RFC 4514); '
        '"*" takes any value of an attribute.',
        at_most=64,
    )
    crl: tuple[CRLSettings, ...] = setting(
        (),
        "Revocation lists, as [[authn.x509.crl]] tables; with any, the issuer of each certificate needs a current one.",
        at_most=32,
    )
    crl_refresh: timedelta = setting(
        timedelta(hours=1),
        "How often revocation lists are fetched; sooner when one runs out.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(days=7),
    )
    ocsp: bool = setting(False, "Ask a responder (RFC 6960) whether a certificate is revoked.")
    ocsp_urls: tuple[str, ...] = setting(
        (),
        "Responders, asked in this order.",
        at_most=16,
        matches=_HTTP,
        expects="an http or https address",
    )
    ocsp_aia_hosts: tuple[str, ...] = setting(
        (),
        'Hosts ("name", or "name:port") of responders that are asked because a certificate names them (AIA), when '
        "`ocsp_urls` has none. Without any, what certificates name is never contacted.",
        matches=_HOST,
        expects='a host in lower case, with ":port" if need be',
    )
    ocsp_cache: timedelta = setting(
        timedelta(minutes=5),
        "How long an answer is used again, if it does not run out before; revocations count as late as this.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(days=1),
    )
    ocsp_require_nonce: bool = setting(
        False, "Refuse answers that were made before the question; many public responders make no others."
    )
    http_hosts: tuple[str, ...] = setting(
        (),
        "Hosts besides this machine that `crl` and `ocsp_urls` may name without TLS; what they answer is signed.",
        matches=_HOST,
        expects='a host in lower case, with ":port" if need be',
    )
    timeout: timedelta = setting(
        timedelta(seconds=5),
        "How long one server may take to hand over a list or an answer.",
        at_least=timedelta(milliseconds=100),
        at_most=timedelta(minutes=2),
    )
    soft_fail: bool = setting(
        False,
        "Let people in whose certificate cannot be checked for revocation, because no list or responder is to "
        "be reached. Whoever can cut the gateway off from them then signs in with a revoked certificate.",
    )
    recheck_every: timedelta = setting(
        timedelta(minutes=5),
        "How often the certificates of those who are signed in are checked for revocation; 0s leaves it to the "
        "moments when sessions are extended.",
        at_least=timedelta(0),
        at_most=timedelta(days=1),
    )
    allow_incomplete_sessions: bool = setting(
        False,
        "Let sessions go on of which it is not known which certificate they rest on, or of which authority.",
    )
