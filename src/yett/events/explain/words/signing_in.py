"""What signing in says on its way, in words."""

from yett.events.explain.model import Chapter
from yett.events.explain.words.model import Sentences, end, news, trouble

_IN, _LOCK = Chapter.SIGN_IN, Chapter.LOCK

SENTENCES: Sentences = {
    # How it went well.
    "signin.success.signed_in": news(
        _IN, "{auth.user_id} signed in by {method} from {server.request.client_ip}"
    ),
    "proxy.oidc.callback.sign_in_completed": news(_IN, "{auth.user_id} came to {app} from the sign-in page"),
    "authn.password.accepted": news(_IN, "The password of {auth.user_id} was right"),
    "ldapauth.authenticate.bind_successful": news(_IN, "LDAP took the password of {auth.user_id}"),
    "signin.mfa.factor_required": news(_IN, "A second factor was asked of {auth.user_id}"),
    "otp.generate.generated": news(_IN, "A code was mailed to {auth.user_id}"),
    "otp.validate.validated": news(_IN, "{auth.user_id} gave the code that was mailed"),
    "totp.validate.validated": news(_IN, "{auth.user_id} gave the authenticator's code"),
    "signin.mfa.totp.recovered": news(_IN, "{auth.user_id} used a recovery code; {left} are left"),
    "webauthn.authentication.authenticated": news(_IN, "{auth.user_id} showed a passkey"),
    "signin.x509.succeeded": news(_IN, "{auth.user_id} showed a certificate (serial {certauth.x509.serial})"),
    "signin.kerberos.successful": news(_IN, "{auth.user_id} showed a Kerberos ticket"),
    "signin.kerberos.password": news(_IN, "{auth.user_id} signed in with the realm's password"),
    "magiclink.initiate.queued": news(_IN, "A link was mailed to {auth.user_id}"),
    "signin.magiclink.verify.verified": news(_IN, "{auth.user_id} opened the link that was mailed"),
    "signin.stepup.stepped_up": news(
        _IN, "{auth.user_id} proved one more factor ({factor}); the sign-in counts as {assurance} now"
    ),
    "signin.reauth.reauth_created": news(_IN, "{auth.user_id} was asked anew who they are, and proved it"),
    # Passwords.
    "authn.password.rejected": end(_IN, "A password was not accepted"),
    "authn.password.check_failed": end(_IN, "A password could not be checked ({error})"),
    "authn.password.turned_away": end(_IN, "Too many passwords were waiting to be checked"),
    "authn.password.throttled": end(
        _LOCK, "After {failures} wrong passwords the next one has to wait for {wait_seconds} s"
    ),
    "authn.password.guessed_at": trouble(
        _LOCK, "Many wrong passwords were tried for {auth.user_id} ({failures})"
    ),
    "ldapauth.authenticate.bind_failed": end(_IN, "LDAP did not take a password"),
    "ldapauth.authenticate.call_failed": end(_IN, "LDAP could not be asked for a password ({error})"),
    "ldapauth.authenticate.turned_away": end(_IN, "Too many passwords were waiting for LDAP"),
    "signin.ldap.ldap_failed": end(_IN, "LDAP could not be asked, so nobody from there gets in"),
    "signin.ldap.sync_failed": trouble(_IN, "LDAP could not be asked for the person anew"),
    "signin.ldap.sync_refused": end(_IN, "LDAP knows the password, but its search does not find the person"),
    "signin.ldap.ldap_person_unread": end(_IN, "LDAP took the password, but the person could not be read"),
    "signin.ldap.ldap_person_gone": end(
        _IN, "LDAP took the password, but the directory does not know the person"
    ),
    "signin.ldap.ldap_person_disabled": end(
        _IN, "The right password of an account that is switched off was used"
    ),
    "signin.ldap.password_expired": end(_IN, "The password was right, and has to be changed first"),
    "signin.ldap.password_session_failed": end(
        _IN, "The page to change an expired password could not be shown"
    ),
    "signin.password.password_not_changed": end(_IN, "The expired password was not changed"),
    "signin.password.password_changed": news(_IN, "{auth.user_id} changed the expired password"),
    # Who it is.
    "signin.person.account_disabled": end(
        _IN, "The right credential of an account that is switched off was used"
    ),
    "signin.person.person_gone": end(
        _IN, "The credential was right, but the directory does not know the person"
    ),
    "signin.finalize.session_failed": end(_IN, "Everything was proven, but no session could be kept"),
    "signin.form.form_refused": end(_IN, "The sign-in form was not believed"),
    "signin.form.form_expired": trouble(
        _IN, "The sign-in page had been open for too long, and a fresh one was shown"
    ),
    # Second factors.
    "signin.mfa.no_factor": end(
        _IN, "A second factor is asked for, and {auth.user_id} has none and no way to one"
    ),
    "signin.mfa.not_valid": trouble(_IN, "The half-finished sign-in was over, so it had to be begun anew"),
    "signin.mfa.validation_failed": end(_IN, "The half-finished sign-in could not be read ({error})"),
    "signin.mfa.session.retrieval_failed": end(
        _IN, "The half-finished sign-in could not be read again ({error})"
    ),
    "signin.mfa.try_not_counted": end(_IN, "A code was not looked at, because the try could not be counted"),
    "signin.mfa.codes_throttled": end(
        _LOCK, "After {failures} wrong codes the next one has to wait for {wait_seconds} s"
    ),
    "signin.mfa.codes_guessed": trouble(_LOCK, "Many wrong codes were tried for {auth.user_id} ({failures})"),
    "signin.mfa.tries_used_up": end(_LOCK, "Too many wrong codes ended the half-finished sign-in"),
    "signin.mfa.otp.otp_failed": end(_IN, "A code by mail was not accepted"),
    "signin.mfa.otp.otp_call_failed": end(_IN, "Whether a code by mail is right could not be found out"),
    "signin.mfa.otp.otp_not_generated": trouble(_IN, "No code was mailed"),
    "signin.mfa.resend.resend_failed": trouble(_IN, "No other code was mailed"),
    "otp.generate.domain_refused": trouble(_IN, "Codes may not be mailed to the person's address"),
    "otp.generate.person_blocked": trouble(_LOCK, "Too many codes were mailed to {auth.user_id}"),
    "otp.generate.resend_blocked": trouble(_LOCK, "No more codes are mailed for now ({wait_seconds} s)"),
    "otp.generate.not_sent": trouble(_IN, "The mail with the code could not be sent"),
    "otp.validate.locked": trouble(_LOCK, "Codes by mail are locked after {tries} wrong ones"),
    "otp.validate.locked_refused": trouble(_LOCK, "Codes by mail are locked for {wait_seconds} s more"),
    "otp.validate.wrong": trouble(_IN, "A wrong code was typed; {left} tries are left"),
    "otp.validate.expired": trouble(_IN, "The code by mail was too old"),
    "otp.unlock.unlocked": news(_LOCK, "{by} unlocked the codes of {auth.user_id}"),
    "signin.mfa.totp.enrolment_unknown": end(
        _IN, "Whether {auth.user_id} has an authenticator could not be read"
    ),
    "signin.mfa.totp.totp_failed": end(_IN, "The authenticator's code was not accepted"),
    "signin.mfa.totp.totp_and_recovery_failed": end(
        _IN, "What was typed is neither a code nor a recovery code"
    ),
    "signin.mfa.totp.totp_call_failed": end(_IN, "Whether the code is right could not be found out"),
    "totp.validate.replayed": trouble(_IN, "The authenticator's code had been used already"),
    "totp.validate.clock_backward_refused": trouble(
        _IN, "The gateway's clock was put back, so a code was refused"
    ),
    # Proving more.
    "signin.stepup.step_up_impossible": end(
        Chapter.PROOF, "{auth.user_id} has no factor that makes the sign-in {needed}"
    ),
    "signin.stepup.step_up_failed": end(
        Chapter.PROOF, "The factor was right, but the session could not be changed"
    ),
    "signin.reauth.reauth_failed": trouble(Chapter.PROOF, "That somebody was asked anew could not be noted"),
    # Passkeys, certificates, tickets, links, devices.
    "signin.passkey.begin.begin_failed": end(_IN, "A passkey could not be asked for"),
    "signin.passkey.finish.finish_failed": end(_IN, "A passkey was not accepted"),
    "signin.passkey.finish.account_disabled": end(
        _IN, "The passkey of an account that is switched off was used"
    ),
    "signin.passkey.finish.directory_failed": end(
        _IN, "The passkey was right, but the person could not be read"
    ),
    "signin.passkey.finish.person_gone": end(
        _IN, "The passkey was right, but the directory does not know the person"
    ),
    "signin.x509.no_certificate": end(_IN, "The browser showed no certificate"),
    "signin.x509.expired": end(_IN, "The certificate has run out"),
    "signin.x509.not_yet_valid": end(_IN, "The certificate is not valid yet"),
    "signin.x509.revoked": end(_IN, "The certificate is revoked"),
    "signin.x509.chain_failed": end(_IN, "No configured authority vouches for the certificate"),
    "signin.x509.malformed": end(_IN, "What was shown is no proper certificate"),
    "signin.x509.nobody": end(_IN, "The certificate lets nobody in"),
    "signin.x509.not_validated": end(_IN, "The certificate could not be checked"),
    "signin.x509.session_failed": end(_IN, "The certificate was right, but no session could be kept"),
    "x509.ocsp.check.unreachable_blocked": trouble(
        _IN, "No OCSP responder answered, so the certificate was refused"
    ),
    "signin.kerberos.failed": end(_IN, "A Kerberos ticket was not accepted"),
    "signin.kerberos.turned_away": end(_IN, "A Kerberos ticket was right, and the sign-in went no further"),
    "signin.kerberos.validation_failed": end(_IN, "A Kerberos ticket could not be checked"),
    "signin.kerberos.session_failed": end(_IN, "The ticket was right, but no session could be kept"),
    "kerberos.security.authentication_failed": end(_IN, "The realm did not take a password"),
    "kerberos.security.spnego_of_disabled": trouble(
        _IN, "The ticket of an account that is switched off was used"
    ),
    "magiclink.initiate.nobody": end(_IN, "No link was mailed"),
    "magiclink.initiate.address_throttled": end(_LOCK, "Too many links were asked for from the address"),
    "magiclink.initiate.email_throttled": end(_LOCK, "Too many links were asked for with one mail address"),
    "magiclink.initiate.not_dispatched": trouble(_IN, "The mail with the link could not be sent"),
    "magiclink.preverify.not_previewed": end(_IN, "A link was not accepted"),
    "magiclink.verify.refused": end(_IN, "A link was refused"),
    "magiclink.verify.denied": end(_IN, "Somebody who opened the link said that it was not them"),
    "signin.magiclink.initiate_failed": end(_IN, "No link was mailed"),
    "signin.magiclink.verify.not_finalized": end(_IN, "The link was right, and the sign-in went no further"),
    "devicecode.verify.user_code_refused": end(_IN, "The code of a device was not accepted"),
    "devicecode.verify.guesses_throttled": end(_LOCK, "Too many wrong codes of devices were typed"),
    "devicecode.complete.not_allowed": end(_IN, "{auth.user_id} may not confirm the device of {client}"),
    # Between the sign-in page and applications.
    "oidc.authorize.request_refused": end(_IN, "The sign-in page was asked in a way that it does not answer"),
    "oidc.authorize.person_refused": end(_IN, "The person of the sign-on is gone or disabled"),
    "oidc.authorize.authorize_unavailable": end(_IN, "The sign-in could not be handed on ({error})"),
    "oidc.token.exchange.code_invalid": trouble(_IN, "The code of a sign-in was not good"),
    "oidc.token.exchange.code_reused": trouble(
        _IN, "The code of a sign-in was used twice, which ended what it made"
    ),
    "oidc.token.exchange.sign_on_ended": trouble(_IN, "The sign-on ended before it was handed on"),
    "proxy.oidc.callback.state_expired": end(_IN, "Signing in took longer than proxy.sign_in_timeout"),
    "proxy.oidc.callback.csrf_failed": end(
        _IN, "The answer of a sign-in came to a browser that had not asked"
    ),
    "proxy.oidc.callback.state_unreadable": end(_IN, "The answer of a sign-in was not begun by this gateway"),
    "proxy.oidc.callback.host_mismatch": end(_IN, "A sign-in begun for {expected_host} came back to {host}"),
    "proxy.oidc.callback.provider_error": end(
        _IN, "The sign-in page sent an error instead of a code ({oauth_error})"
    ),
    "proxy.oidc.callback.exchange_failed": end(_IN, "The code of the sign-in was not taken"),
    "proxy.oidc.callback.session_failed": end(
        _IN, "The person signed in, but no session could be kept ({error})"
    ),
    "proxy.oidc.verifier_not_made": end(_IN, "Nobody could be sent to sign in: the random source failed"),
    "proxy.oidc.csrf_not_made": end(_IN, "Nobody could be sent to sign in: the random source failed"),
    "proxy.oidc.state_not_sealed": end(_IN, "Nobody could be sent to sign in: the state could not be sealed"),
}
