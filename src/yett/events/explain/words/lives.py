"""What happens to sessions, to devices and to people, in words."""

from yett.events.explain.model import Chapter
from yett.events.explain.words.model import Reasons, Sentences, end, news, trouble

_ENDS = {
    "revoked": "it was revoked: by signing out, by an operator, or with everything of the person",
    "expired": "its time ran out",
    "certificate_expired": "the certificate it rests on ran out",
    "parent_ended": "the sign-on it came from ended",
    "superseded": "its owner had as many sessions as are allowed, and it was used least recently",
}
_REFUSALS = {
    "no_id": "the system's random source failed, or gave a value twice",
    "not_stored": "the store did not take the session",
    "not_indexed": "the store could not list the session under its owner",
    "revoked": "all sessions of the person were revoked while it was being made",
    "parent_ended": "the sign-on it came from ended",
    "no_lifetime": "it would have been over at once: the certificate it rests on has run out",
}

REASONS: Reasons = {
    "sessions.revoke": _ENDS,
    "sessions.expire": _ENDS,
    "sessions.create": _REFUSALS,
    "signin.finalize": _REFUSALS,
    "signin.reauth": _REFUSALS,
    "signin.ldap": _REFUSALS,
    "directory": {
        "unclear": "what LDAP says of them can be read in several ways",
        "too_many": "there are more of them than are taken over",
    },
    "identity.belongings": {
        "time": "they had been kept for as long as they may be",
        "replaced": "the name is another person's now",
        "operator": "an operator asked for it",
    },
}

_SESSION, _DEVICE, _PERSON = Chapter.SESSION, Chapter.DEVICE, Chapter.PERSON

SENTENCES: Sentences = {
    # Sessions.
    "sessions.create.created": news(_SESSION, "A session ({type}) began, good for {ttl} s unless it is used"),
    "sessions.create.capped_at_creation": news(
        _SESSION, "The session ends with the certificate of the sign-in, in {ttl} s"
    ),
    "sessions.create.refused": end(_SESSION, "No session ({type}) was made"),
    "sessions.create.session_not_stored": trouble(_SESSION, "The store refused the session ({error})"),
    "sessions.extend.certificate_expired": trouble(
        _SESSION, "The certificate of the sign-in ran out, and the session with it"
    ),
    "sessions.extend.extension_rejected": trouble(
        _SESSION, "The session may go on no longer: {validator} says so"
    ),
    "sessions.extend.validator_failed": trouble(
        _SESSION, "Whether the session may go on could not be found out ({error})"
    ),
    "sessions.extend.capped_at_extension": news(_SESSION, "The session will end with its certificate"),
    "sessions.extend.extended": news(_SESSION, "The session went on, because it was used"),
    "sessions.regenerate.regenerated": news(_SESSION, "The session got a new token"),
    "sessions.revoke.revoked": trouble(_SESSION, "The session ended"),
    "sessions.revoke.ended_elsewhere": trouble(_SESSION, "The session ended on another node"),
    "sessions.revoke.deletion_not_broadcast": trouble(
        _SESSION, "The end of the session could not be written down at once"
    ),
    "sessions.revoke_all.all_revoked": trouble(_SESSION, "Everything that {module_key} had open was ended"),
    "sessions.expire.expired": trouble(_SESSION, "The session ran out"),
    "signin.signout.signed_out": news(_SESSION, "{auth.user_id} signed out everywhere"),
    "proxy.signout.signed_out": news(_SESSION, "{auth.user_id} signed out at {host}"),
    "profile.sessions.all_ended": news(_SESSION, "{auth.user_id} ended all sessions of theirs"),
    "profile.sessions.others_ended": news(_SESSION, "{auth.user_id} ended their other sessions"),
    "profile.sessions.session_ended": news(_SESSION, "{auth.user_id} ended one of their sessions"),
    "profile.password.ended_with_password": news(
        _SESSION, "Changing the password ended {sessions} other sessions"
    ),
    "signin.leftovers.left_over_ended": trouble(
        _SESSION, "Sessions were ended whose people had been disabled while the gateway was stopped"
    ),
    "proxy.group_monitor.groups_changed": news(
        _PERSON, "The groups of {auth.user_id} changed (new: {added}; gone: {removed})"
    ),
    "proxy.group_monitor.cut": trouble(
        _SESSION, "Open connections of {auth.user_id} were cut, because access was lost"
    ),
    "x509.session_validator.extension_of_revoked": trouble(
        _SESSION, "The certificate of the sign-in was revoked, so the session goes on no longer"
    ),
    # What people sign in with.
    "totp.enroll.confirm.added": news(_DEVICE, "{auth.user_id} set up an authenticator"),
    "totp.delete.removed": news(_DEVICE, "The authenticator of {auth.user_id} was removed by {by}"),
    "totp.recovery.recovery_renewed": news(_DEVICE, "{auth.user_id} got new recovery codes"),
    "webauthn.enroll.enrolled": news(_DEVICE, 'A passkey "{device}" was enrolled for {auth.user_id}'),
    "webauthn.enroll.enrol_refused": trouble(_DEVICE, "A passkey of {auth.user_id} was not enrolled"),
    "webauthn.revoke.revoked": news(
        _DEVICE, 'The passkey "{device}" of {auth.user_id} was revoked by {revoked_by}'
    ),
    "webauthn.rename.renamed": news(_DEVICE, 'A passkey of {auth.user_id} is called "{device}" now'),
    "webauthn.authentication.expired": trouble(_DEVICE, "A passkey of {auth.user_id} had run out"),
    "webauthn.authentication.cloned": trouble(
        _DEVICE, "The counter of a passkey of {auth.user_id} went back: there may be two of it"
    ),
    "authn.password.changed": news(_DEVICE, "The password of {auth.user_id} was changed"),
    "authn.password.not_changed": trouble(_DEVICE, "The password of {auth.user_id} was not changed"),
    "ldapauth.change.changed": news(_DEVICE, "The password of {auth.user_id} was changed in LDAP"),
    "ldapauth.change.not_changed": trouble(_DEVICE, "The password of {auth.user_id} was not changed in LDAP"),
    "kerberos.security.change_successful": news(
        _DEVICE, "The Kerberos password of {auth.user_id} was changed"
    ),
    "kerberos.security.change_failed": trouble(
        _DEVICE, "The Kerberos password of {auth.user_id} was not changed"
    ),
    "onboarding.invitation.invited": news(_DEVICE, "{by} invited {auth.user_id} to set up a second factor"),
    "onboarding.invitation.used": news(_DEVICE, "{auth.user_id} used an invitation"),
    "onboarding.invitation.withdrawn": news(_DEVICE, "{by} withdrew the invitation of {auth.user_id}"),
    "onboarding.invitation.refused": trouble(_DEVICE, "An invitation of {auth.user_id} led nowhere"),
    "devicecode.complete.completed": news(_DEVICE, "{auth.user_id} decided about a device: {status}"),
    # What the directory says.
    **{
        f"identity.{source}.{what}": said
        for source in ("local", "ldap")
        for what, said in {
            "person_added": news(_PERSON, "{auth.user_id} was added, in groups: {groups}"),
            "person_changed": news(
                _PERSON, "{auth.user_id} was changed: groups are {groups}, they were {groups_before}"
            ),
            "person_disabled": trouble(_PERSON, "{auth.user_id} was switched off"),
            "person_enabled": news(_PERSON, "{auth.user_id} was switched on again"),
            "person_removed": trouble(_PERSON, "{auth.user_id} was removed"),
        }.items()
    },
    "directory.index.disabled": trouble(
        _PERSON, "{auth.user_id} was switched off; everything open was ended"
    ),
    "directory.index.removed": trouble(_PERSON, "{auth.user_id} is gone; everything open was ended"),
    "directory.index.replaced": trouble(_PERSON, "The name {auth.user_id} is another person's now"),
    "identity.belongings.withheld": news(
        _PERSON, "What was kept under the name is withheld from another person"
    ),
    "identity.belongings.wiped": news(
        _PERSON, "What was kept about an earlier person of that name was wiped"
    ),
}
