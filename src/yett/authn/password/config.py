"""Settings of passwords."""

from datetime import timedelta

from yett.config import Size, section, setting


@section("authn.password")
class PasswordSettings:
    """Passwords of people in the users file: how much work a check is, and how long guessers have to wait."""

    memory: Size = setting(
        64 << 20,
        "Memory that one check fills; more makes stolen hashes dearer.",
        at_least=7 << 20,
        at_most=4 << 30,
    )
    passes: int = setting(3, "How often a check goes over its memory.", at_least=1, at_most=64)
    lanes: int = setting(1, "Threads that one check uses.", at_least=1, at_most=16)
    parallel_checks: int = setting(
        2,
        "Most checks at a time; each takes `memory` and keeps a core busy.",
        at_least=1,
        at_most=64,
        reloadable=False,
    )
    waiting_checks: int = setting(
        32, "Most checks that wait for their turn; more are turned away.", at_least=0, at_most=10_000
    )
    min_length: int = setting(12, "Fewest characters of a new password.", at_least=8, at_most=128)
    max_length: int = setting(1024, "Most bytes (in UTF-8) of any password.", at_least=64, at_most=1024)
    free_attempts: int = setting(
        5, "Wrong passwords for one person from one address before waits begin.", at_least=1, at_most=100
    )
    free_attempts_per_address: int = setting(
        50, "Wrong passwords from one address, for whomever, before waits begin.", at_least=1, at_most=100_000
    )
    first_wait: timedelta = setting(
        timedelta(seconds=1),
        "The first wait; each further wrong password doubles it.",
        at_least=timedelta(milliseconds=100),
        at_most=timedelta(minutes=5),
    )
    longest_wait: timedelta = setting(
        timedelta(minutes=15), "The longest wait.", at_least=timedelta(seconds=1), at_most=timedelta(hours=24)
    )
    forget_after: timedelta = setting(
        timedelta(hours=2),
        "Wrong passwords are forgotten this long after the last; never sooner than `longest_wait`.",
        at_least=timedelta(minutes=1),
    )
    remembered: int = setting(
        50_000,
        "Most pairs of person and address, and most addresses, whose wrong passwords are remembered.",
        at_least=100,
        at_most=5_000_000,
    )
