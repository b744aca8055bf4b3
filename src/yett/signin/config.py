"""Settings of signing in."""

from datetime import timedelta

from yett.config import section, setting
from yett.signin.machine import Demand
from yett.signin.model import Method


@section("signin")
class SignInSettings:
    """The page where people sign in."""

    primary: Method = setting(
        Method.PASSWORD, "The method that the sign-in page shows first; the others stand below it."
    )
    form_lifetime: timedelta = setting(
        timedelta(minutes=30),
        "How long a sign-in page may stay open before its form has to be loaded anew.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(hours=24),
    )
    fresh_for: timedelta = setting(
        timedelta(minutes=5),
        "How long a sign-in that was asked for anew counts as fresh, for changes to how somebody signs in.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(hours=4),
    )
    help: str = setting(
        "",
        "A sentence below the form, for example whom to ask for help.",
        matches=r"[^\x00-\x1f]{0,300}",
        expects="one line of at most 300 characters",
    )


@section("signin.mfa")
class MFASettings:
    """Of whom a second factor is asked. "enrolled" asks everybody who has one."""

    password: Demand = setting(Demand.ENROLLED, "After a password.")
    magiclink: Demand = setting(Demand.ENROLLED, "After a link by mail.")
    kerberos: Demand = setting(Demand.ENROLLED, "After a ticket of the desktop's own sign-in (Kerberos).")
    x509: Demand = setting(Demand.NEVER, "After a client certificate.")
    federated: Demand = setting(
        Demand.ENROLLED, "After another provider's sign-in, unless that had a second factor which is trusted."
    )
    passkey: Demand = setting(
        Demand.ENROLLED,
        "After a passkey that did not check its owner; one that asked for a PIN or a finger counts as two.",
    )
    require_groups: tuple[str, ...] = setting(
        (),
        "Whoever is in one of these groups always needs a second factor of their own, and has to enrol "
        "one before they are let in.",
    )
    enrol_after_first_factor: bool = setting(
        default=True,
        help="Whether somebody who needs a second factor, has none and cannot get a code by mail may enrol "
        "one right after the first factor; without it an administrator has to help.",
    )
    email_codes: bool = setting(
        default=True, help="Whether a code by mail may be a second factor, where mail is set up."
    )
    email_besides: bool = setting(
        default=False,
        help="Whether people who set up a stronger second factor may take a code by mail in its place.",
    )
    tries: int = setting(
        5, "Wrong codes after which a sign-in has to be begun anew.", at_least=1, at_most=100
    )
    free_attempts: int = setting(
        10,
        "Wrong codes for one person before waits begin, in all sign-ins together. Only who knows the "
        "person's password gets to try.",
        at_least=3,
        at_most=1000,
    )
    first_wait: timedelta = setting(
        timedelta(seconds=30),
        "The first wait; each further wrong code doubles it.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(hours=1),
    )
    # With four hours, three codes that are good at a time and a guesser who never rests, a year of
    # guessing finds one in about 150 cases, and is warned of all the while.
    longest_wait: timedelta = setting(
        timedelta(hours=4),
        "The longest wait. In it a right code is refused too.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(hours=24),
    )
    check_timeout: timedelta = setting(
        timedelta(seconds=5),
        "How long a half-finished sign-in is looked for before the sign-in fails.",
        at_least=timedelta(milliseconds=100),
        at_most=timedelta(minutes=1),
    )
