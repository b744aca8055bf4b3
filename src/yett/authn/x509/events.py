"""What certificate sign-in says in the log.

What becomes of the person is said by the sign-in; here stands what was found out about the
certificate. Subjects are personal data and stay out; the serial names a certificate to whoever
issued it.
"""

from yett.authn.x509.model import Reason, Stage, Standing
from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Detail, Error, Name, NotAfter, NotBefore, Serial, SessionRef, User

# Beginning and end.


@event("x509.init", INFO, "X.509 authentication enabled (CRL disabled)")
def enabled_without_lists() -> None:
    """No revocation list is configured. Unless `authn.x509.ocsp` is on, a revoked certificate still signs people in."""


@event("x509.init", INFO, "X.509 authentication enabled")
def enabled(lists: int, responders: bool, authorities: int) -> None:
    """People can sign in with certificates of so many authorities. Nothing to do."""


@event("x509.init", ERROR, "Failed to initialize CRL")
def lists_not_initialized(missing: int) -> None:
    """Of so many revocation lists there is no current one, neither kept nor to be fetched.

    Until there is, certificates of their authorities are refused (or not, with `authn.x509.soft_fail`).
    `x509.crl` says what was wrong with each place. Look at these places.
    """


@event("x509.init", ERROR, "Authorities cannot be used")
def authorities_not_read(file: Name, error: Error) -> None:
    """The file has changed and is of no use now; certificates are checked as before. A restart would fail with it.

    Put the right file back, or mend it.
    """


@event("x509.init", INFO, "Authorities taken over")
def authorities_read(file: Name, authorities: int) -> None:
    """A file with authorities has changed. New sign-ins and extensions go by it."""


@event("x509.cleanup", INFO, "X.509 module cleanup complete", audit=True)
def cleaned_up() -> None:
    """The gateway stops. Nothing to do."""


# Validation.


@event("x509.validate", ERROR, "Failed to parse DER certificate")
def not_parsed(size: int) -> None:
    """What TLS or a trusted proxy handed over is no certificate that could be believed. Look at the proxy."""


@event("x509.validate", WARN, "Certificate not yet valid")
def not_yet_valid(serial: Serial, not_before: NotBefore) -> None:
    """Its time has not come. If it should have, a clock is wrong: this machine's, or the authority's. Check both."""


@event("x509.validate", WARN, "Certificate expired")
def expired(serial: Serial, not_after: NotAfter) -> None:
    """The person needs a new certificate. Have them enrol one."""


@event("x509.validate", ERROR, "No CA certificates available (config + ACME bundle empty)")
def no_authorities() -> None:
    """There is nobody to check certificates against, so all are refused. Set `authn.x509.authorities`."""


@event("x509.validate", WARN, "Certificate chain validation failed")
def chain_failed(serial: Serial, error: Error) -> None:
    """No configured authority vouches for it as a client's certificate; the error says why.

    An authority in between may be missing from `authn.x509.intermediates`. Add it there if so.
    """


@event("x509.validate", WARN, "Certificate revoked")
def revoked(serial: Serial, stage: Stage) -> None:
    """A list (crl) or a responder (ocsp) says that it was taken back. Somebody still uses it: find out who."""


@event("x509.validate", WARN, "Revocation list not available")
def list_not_available(serial: Serial, allowed: bool) -> None:
    """Its issuer has no current list. `allowed` tells whether `authn.x509.soft_fail` let the certificate pass.

    Look at where the list is published.
    """


@event("x509.validate", WARN, "Failed to extract identity from certificate")
def no_identity(serial: Serial) -> None:
    """By the rule of `authn.x509.identity` it names nobody, or two people. `yett x509 check` shows what it holds."""


@event("x509.validate", ERROR, "Directory lookup failed")
def directory_failed(user: User, serial: Serial) -> None:
    """The directory could not be asked about the person, so they were refused. Look at what the directory says."""


@event("x509.validate", WARN, "User not found in directory")
def person_not_found(user: User, serial: Serial) -> None:
    """The certificate is good, but nobody here has that name. Either the person left, or a rule maps wrongly.

    Look at `authn.x509.identity` and the directory.
    """


@event("x509.validate", WARN, "OCSP check failed")
def responders_failed(serial: Serial, standing: Standing) -> None:
    """No responder could tell whether it is revoked, so it was refused. `x509.ocsp` says what was wrong with each.

    Look there.
    """


@event("x509.validate", INFO, "Certificate validated successfully")
def validated(user: User, serial: Serial, not_after: NotAfter) -> None:
    """The certificate is the person's. Whether they are let in is decided by the sign-in."""


@event("x509.validate", DEBUG, "Validation stage progress")
def passed(serial: Serial, stage: Stage) -> None:
    """The certificate got past the named stage of its checks. Nothing to do."""


# Revocation lists.


@event("x509.crl.init", ERROR, "Failed to download CRL from any server")
def list_not_loaded(places: int, error: Error) -> None:
    """At the start no place had the list. One that was kept from before goes on being used until it runs out.

    Look at the places of the list, and the way there.
    """


@event("x509.crl.init", INFO, "CRL loaded successfully")
def list_loaded(issuer: Detail, revoked: int, from_before: bool) -> None:
    """A revocation list is in use; `from_before` tells that it was kept from an earlier run. Nothing to do."""


@event("x509.crl", WARN, "CRL download failed, trying next URL")
def download_failed(place: Name, error: Error) -> None:
    """One place has no list that could be used. If all of them fail, that is said too.

    Look at the place that the record names if it lasts.
    """


@event("x509.crl", WARN, "Kept CRL cannot be used")
def kept_list_unusable(error: Error) -> None:
    """The list kept from an earlier run has run out, is damaged, or its authority is not configured any more.

    Nothing to do if a fresh one is fetched; that is said next.
    """


@event("x509.crl", WARN, "CRL could not be kept")
def list_not_kept(error: Error) -> None:
    """The list is in use, but the next start will have to fetch it. Look at the data directory."""


@event("x509.crl.refresh", ERROR, "Failed to refresh CRL from any server")
def list_not_refreshed(places: int, error: Error) -> None:
    """No place had a current list. The present one is used until it runs out; then certificates are refused.

    Look at the places of the list before that.
    """


@event("x509.crl.refresh", INFO, "CRL refreshed successfully")
def list_refreshed(issuer: Detail, revoked: int) -> None:
    """The list was fetched anew. Nothing to do."""


@event("x509.crl.refresh", DEBUG, "Refreshing CRL")
def list_refreshing(places: int) -> None:
    """The list is fetched anew from one of so many places. Nothing to do."""


# Responders.


@event("x509.ocsp", DEBUG, "OCSP cache hit")
def cache_hit(serial: Serial) -> None:
    """The answer of a moment ago still holds."""


@event("x509.ocsp", DEBUG, "OCSP cache miss - querying responder(s)")
def cache_miss(serial: Serial) -> None:
    """Nothing fresh is known of the certificate, so a responder is asked. Nothing to do."""


@event("x509.ocsp", WARN, "No OCSP URLs configured and certificate has no AIA OCSP extension")
def no_responder(serial: Serial, named: int) -> None:
    """There is nobody to ask. `named` counts responders in the certificate that `ocsp_aia_hosts` does not allow.

    Set `ocsp_urls`, allow the host, or check with lists instead.
    """


@event("x509.ocsp", WARN, "OCSP responder failed, trying next")
def responder_failed(place: Name, serial: Serial, error: Error) -> None:
    """One responder gave no answer that could be believed. If all of them fail, that is said too.

    Look at the responder if it lasts.
    """


@event("x509.ocsp", WARN, "OCSP answer could not be kept")
def answer_not_kept(serial: Serial, error: Error) -> None:
    """The answer holds, but the next question will be asked again. Look at the store."""


@event(
    "x509.ocsp.check", WARN, "All OCSP responders unreachable (soft-fail enabled, allowing authentication)"
)
def unreachable_allowed(serial: Serial) -> None:
    """`authn.x509.soft_fail` lets the certificate pass although nobody could be asked. Mend the way there."""


@event(
    "x509.ocsp.check", ERROR, "All OCSP responders unreachable (hard-fail enabled, blocking authentication)"
)
def unreachable_blocked(serial: Serial) -> None:
    """Nobody could be asked whether the certificate is revoked, so it is refused. Mend the way to the responders."""


@event("x509.ocsp.check", DEBUG, "OCSP query successful")
def answered(serial: Serial, standing: Standing) -> None:
    """A responder said how the certificate stands. Nothing to do."""


@event("x509.ocsp.serial", WARN, "OCSP cache lookup failed")
def cache_failed(serial: Serial, error: Error) -> None:
    """The store could not be read, so responders are asked. Look at the store."""


@event("x509.ocsp.serial", WARN, "OCSP cache wait failed")
def wait_failed(serial: Serial) -> None:
    """Several asked about one certificate at once, and whoever asked for all of them got no answer.

    Look at the record of that question.
    """


@event("x509.ocsp.serial", DEBUG, "OCSP cache miss for session extension check")
def serial_cache_miss(serial: Serial) -> None:
    """Nothing fresh is known of the certificate that a session rests on, so it is asked for. Nothing to do."""


@event("x509.ocsp.serial", DEBUG, "OCSP cache hit")
def serial_cache_hit(serial: Serial) -> None:
    """The answer of a moment ago still holds."""


# Sessions that rest on a certificate.


@event("x509.session_validator", DEBUG, "Checking certificate revocation for session extension")
def checking_for_extension(session: SessionRef, user: User) -> None:
    """Before a session is extended, its certificate is looked at again. Nothing to do."""


@event(
    "x509.session_validator", WARN, "X.509 session missing required metadata - allowing extension", audit=True
)
def metadata_missing_allowed(session: SessionRef, user: User) -> None:
    """It is not known what the session rests on; `authn.x509.allow_incomplete_sessions` lets it go on. Better not.

    Set it to false.
    """


@event(
    "x509.session_validator",
    WARN,
    "X.509 session missing required metadata - rejecting extension",
    audit=True,
)
def metadata_missing_rejected(session: SessionRef, user: User) -> None:
    """It is not known what the session rests on, so it runs out. The person signs in anew. Nothing to do."""


@event(
    "x509.session_validator", WARN, "Session extension rejected: external certificate revoked (OCSP/cache)"
)
def extension_of_revoked(session: SessionRef, user: User, serial: Serial, stage: Stage) -> None:
    """The certificate was revoked while the session was in use. The session is ended, and what is open with it.

    Nothing to do, unless nobody knows why it was revoked.
    """


@event("x509.session_validator", WARN, "Session extension rejected: certificate not acceptable any more")
def extension_of_unacceptable(session: SessionRef, user: User, reason: Reason) -> None:
    """The certificate would not sign anybody in now: its authority was taken out, or it names somebody else.

    Nothing to do if that was meant; the person needs another certificate.
    """


@event("x509.session_validator", WARN, "Soft-fail warnings: revocation check failed")
def extension_soft_list(session: SessionRef, user: User, serial: Serial) -> None:
    """No current list could be had; `authn.x509.soft_fail` lets the session go on. Mend the way to the lists."""


@event("x509.session_validator", WARN, "Soft-fail warnings: OCSP check failed")
def extension_soft_responder(session: SessionRef, user: User, serial: Serial) -> None:
    """Nobody could be asked; `authn.x509.soft_fail` lets the session go on. Mend the way to the responders."""


@event("x509.session_validator", WARN, "Soft-fail warnings: certificate could not be parsed")
def extension_soft_parse(session: SessionRef, user: User) -> None:
    """What the session keeps is no certificate; `authn.x509.allow_incomplete_sessions` lets it go on. Better not.

    Set it to false.
    """


@event("x509.session_validator", WARN, "OCSP check failed, rejecting extension (hard-fail)")
def extension_not_checked(session: SessionRef, user: User, serial: Serial, stage: Stage) -> None:
    """Nobody could tell whether the certificate is revoked, so the session runs out unless that is mended before.

    Look at the responders and lists that `x509.ocsp` and `x509.crl` name.
    """


@event("x509.session_validator", WARN, "Unknown CA type in session metadata - allowing extension")
def authority_unknown_allowed(session: SessionRef, user: User) -> None:
    """It is not known whose certificate the session rests on; `authn.x509.allow_incomplete_sessions` lets it go on.

    Set it to false once old sessions have run out.
    """


@event("x509.session_validator", WARN, "Unknown CA type in session metadata - rejecting extension")
def authority_unknown_rejected(session: SessionRef, user: User) -> None:
    """It is not known whose certificate the session rests on, so it runs out. The person signs in anew.

    Nothing to do.
    """


@event("x509.check_revoked", DEBUG, "Checking certificate revocation status")
def checking(user: User, serial: Serial) -> None:
    """One step of the regular look at everybody who is signed in with a certificate."""


@event("x509.check_revoked", DEBUG, "Certificate valid")
def check_valid(user: User, serial: Serial) -> None:
    """One step of the regular look: no list has the certificate, and no responder was to be asked."""


@event("x509.check_revoked", DEBUG, "OCSP passed")
def check_passed(user: User, serial: Serial) -> None:
    """One step of the regular look: a responder has said that the certificate is good."""


@event("x509.check_revoked", INFO, "External revoked (OCSP)")
def check_found_revoked(user: User, serial: Serial) -> None:
    """A certificate was revoked while somebody is signed in with it. The session is ended, and what is open with it."""


@event("x509.check_revoked", INFO, "External revoked (CRL)")
def check_found_listed(user: User, serial: Serial) -> None:
    """The same, as told by a revocation list."""


@event("x509.check_revoked", WARN, "No cert DER")
def check_without_certificate(user: User) -> None:
    """A session does not keep the certificate that it rests on, so it cannot be looked at. It runs out by itself.

    Nothing to do.
    """


@event("x509.check_revoked", ERROR, "Failed to parse certificate DER")
def check_not_parsed(user: User) -> None:
    """A session keeps something that is no certificate. It runs out by itself; look at who can write to the store."""


@event("x509.check_revoked", WARN, "OCSP check failed for external cert")
def check_failed(user: User, serial: Serial, stage: Stage) -> None:
    """Nobody could tell whether the certificate is revoked. The session goes on until it would be extended.

    Look at what `x509.ocsp` and `x509.crl` say.
    """
