"""What a record is about, for dialects that sort records into a scheme of their own.

By code, because a code never changes. Only events that settle something stand in the table; whatever is
not there is an ordinary record of its component, and says nothing about an outcome.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from yett.events.dialects.entry import Entry


class Kind(enum.Enum):
    """What happened."""

    SIGN_IN = "sign_in"
    PROOF = "proof"
    """One method of a sign-in: a password, a code, a certificate."""
    SIGN_OUT = "sign_out"
    ACCESS = "access"
    """Whether a request is let through."""
    ACCOUNT = "account"
    """A person or what they sign in with was changed."""
    WEB = "web"
    """A request was answered."""
    COMMAND = "command"
    """An operator told the gateway something."""
    LIFE = "life"
    """The gateway itself starts or stops."""
    OTHER = "other"


class Outcome(enum.Enum):
    """How it ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"


class Change(enum.Enum):
    """What was done to an account."""

    CREATE = "create"
    UPDATE = "update"
    ENABLE = "enable"
    DISABLE = "disable"
    DELETE = "delete"
    PASSWORD = "password"  # noqa: S105 - the name of a change, not a password
    LOCK = "lock"
    UNLOCK = "unlock"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a record is about, and how it ended."""

    kind: Kind
    outcome: Outcome = Outcome.UNKNOWN
    change: Change | None = None


def _all(meaning: Meaning, prefix: str, codes: str) -> dict[str, Meaning]:
    return {f"{prefix}.{code}": meaning for code in codes.split()}


def _change(change: Change, codes: str) -> dict[str, Meaning]:
    return dict.fromkeys(codes.split(), Meaning(Kind.ACCOUNT, Outcome.SUCCESS, change))


_IN, _NOT_IN = Meaning(Kind.SIGN_IN, Outcome.SUCCESS), Meaning(Kind.SIGN_IN, Outcome.FAILURE)
_PROVED, _NOT_PROVED = Meaning(Kind.PROOF, Outcome.SUCCESS), Meaning(Kind.PROOF, Outcome.FAILURE)
_OUT = Meaning(Kind.SIGN_OUT, Outcome.SUCCESS)
_DENIED = Meaning(Kind.ACCESS, Outcome.FAILURE)
_PASSWORD_KEPT = Meaning(Kind.ACCOUNT, Outcome.FAILURE, Change.PASSWORD)
_WEB, _OTHER = Meaning(Kind.WEB), Meaning(Kind.OTHER)

MEANINGS: Mapping[str, Meaning] = {
    **_all(_IN, "signin", "success.signed_in kerberos.successful x509.succeeded stepup.stepped_up"),
    **_all(
        _NOT_IN,
        "signin",
        "person.account_disabled person.person_gone finalize.session_failed kerberos.failed "
        "kerberos.session_failed kerberos.turned_away kerberos.validation_failed ldap.ldap_person_disabled "
        "mfa.no_factor mfa.tries_used_up stepup.step_up_impossible x509.expired x509.revoked "
        "passkey.finish.account_disabled passkey.finish.finish_failed",
    ),
    **_all(_PROVED, "authn.password", "accepted"),
    **_all(_NOT_PROVED, "authn.password", "rejected throttled check_failed turned_away"),
    **_all(_PROVED, "otp.validate", "validated removed"),
    **_all(_NOT_PROVED, "otp.validate", "expired locked_refused wrong"),
    **_all(_PROVED, "totp", "validate.validated recovery.recovery_consumed"),
    **_all(
        _NOT_PROVED,
        "totp",
        "validate.code_wrong validate.not_enrolled validate.replayed validate.clock_backward_refused "
        "validate.query_failed validate.secret_undecodable validate.step_not_updated recovery.recovery_wrong",
    ),
    **_all(_PROVED, "kerberos.security", "authentication_successful spnego_successful"),
    **_all(
        _NOT_PROVED,
        "kerberos.security",
        "authentication_failed spnego_failed spnego_not_decoded spnego_not_unmarshalled spnego_of_disabled "
        "token_too_large",
    ),
    **_all(_PROVED, "webauthn.authentication", "authenticated"),
    **_all(
        _NOT_PROVED,
        "webauthn.authentication",
        "refused signature_failed origin_mismatch rp_id_mismatch cloned expired not_found",
    ),
    **_all(_PROVED, "ldapauth.authenticate", "bind_successful"),
    **_all(_NOT_PROVED, "ldapauth.authenticate", "bind_failed call_failed"),
    **_all(_PROVED, "signin.magiclink.verify", "verified"),
    **_all(_NOT_PROVED, "magiclink.verify", "refused denied"),
    **_all(_PROVED, "signin.mfa.totp", "recovered"),
    **_all(
        _NOT_PROVED,
        "signin.mfa",
        "codes_throttled otp.otp_failed totp.totp_failed totp.totp_and_recovery_failed",
    ),
    **_all(_PROVED, "x509.validate", "validated"),
    **_all(_NOT_PROVED, "x509.validate", "chain_failed expired not_yet_valid person_not_found revoked"),
    "signin.signout.signed_out": _OUT,
    "proxy.signout.signed_out": _OUT,
    "sessions.revoke.revoked": _OUT,
    **_all(_OUT, "profile.sessions", "all_ended others_ended session_ended"),
    "access.allowed": Meaning(Kind.ACCESS, Outcome.SUCCESS),
    "access.denied": _DENIED,
    **_all(
        _DENIED,
        "listener",
        "cors.cors_rejected geo.geo_blocked ratelimit.rate_blocked sizelimit.size_blocked time.time_blocked",
    ),
    **_change(Change.CREATE, "identity.local.person_added identity.ldap.person_added"),
    **_change(Change.UPDATE, "identity.local.person_changed identity.ldap.person_changed"),
    **_change(Change.ENABLE, "identity.local.person_enabled identity.ldap.person_enabled"),
    **_change(Change.DISABLE, "identity.local.person_disabled identity.ldap.person_disabled"),
    **_change(Change.DELETE, "identity.local.person_removed identity.ldap.person_removed"),
    **_change(
        Change.PASSWORD, "authn.password.changed ldapauth.change.changed signin.password.password_changed"
    ),
    **dict.fromkeys(
        ("authn.password.not_changed", "ldapauth.change.not_changed", "signin.password.password_not_changed"),
        _PASSWORD_KEPT,
    ),
    **_change(Change.LOCK, "otp.validate.locked"),
    **_change(Change.UNLOCK, "otp.unlock.unlocked"),
    **_change(Change.FACTOR_ADDED, "totp.enroll.confirm.added webauthn.enroll.enrolled"),
    **_change(Change.FACTOR_REMOVED, "totp.delete.removed webauthn.revoke.revoked"),
    "http.access.completed": _WEB,
    "admin.command.executed": Meaning(Kind.COMMAND, Outcome.SUCCESS),
    "admin.command.failed": Meaning(Kind.COMMAND, Outcome.FAILURE),
    "admin.command.crashed": Meaning(Kind.COMMAND, Outcome.FAILURE),
    "kernel.ready.ready": Meaning(Kind.LIFE, Outcome.SUCCESS),
    "kernel.signal_received.shutdown_requested": Meaning(Kind.LIFE),
}

_FIRST_FAILURE = 400


def meaning_of(entry: Entry) -> Meaning:
    """What a record is about. A request's outcome is that of its status; 0 is a client that left."""
    meaning = MEANINGS.get(entry.get("code", ""), _OTHER)
    if meaning.kind is Kind.WEB:
        status = entry.get("status")
        if type(status) is int and status:
            return Meaning(Kind.WEB, Outcome.FAILURE if status >= _FIRST_FAILURE else Outcome.SUCCESS)
    return meaning
