"""Settings of device codes."""

from datetime import timedelta

from yett.config import section, setting


@section("authentication.devicecode")
class DeviceCodeSettings:
    """Signing in devices that have no browser of their own (RFC 8628). Magic links switch it on by themselves."""

    enabled: bool = setting(False, "Let devices ask for codes, and people confirm them at `/device`.")
    lifetime: timedelta = setting(
        timedelta(minutes=10),
        "How long a code may be confirmed and fetched.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(minutes=30),
    )
    interval: timedelta = setting(
        timedelta(seconds=5),
        "How long a device waits between two questions whether it was confirmed.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(minutes=1),
    )
    max_per_address: int = setting(
        30, "Most codes that one address may ask for in ten minutes.", at_least=1, at_most=100_000
    )
    max_wrong_per_person: int = setting(
        10, "Codes that do not exist one person may type in ten minutes.", at_least=3, at_most=1000
    )
    max_wrong_per_address: int = setting(
        30,
        "Codes that do not exist may be typed from one address in ten minutes.",
        at_least=3,
        at_most=10_000,
    )
