"""Whether there are magic links, as the settings of three rooms together say."""

from dataclasses import dataclass, replace

from yett.authn.device_code import DeviceCodeSettings
from yett.authn.magic_link import events
from yett.authn.magic_link.config import MagicLinkSettings


@dataclass(frozen=True, slots=True)
class Switched:
    """The settings as they are in force."""

    links: MagicLinkSettings
    device_codes: DeviceCodeSettings


def settle(
    links: MagicLinkSettings,
    device_codes: DeviceCodeSettings,
    *,
    has_mail: bool,
    before: Switched | None = None,
) -> Switched:
    """Links need mail, and switch device codes on. What that changes is printed, unless it was so `before`."""
    wanted = links.enabled
    if wanted and not has_mail:
        links = replace(links, enabled=False)
    needs_codes = links.enabled and not device_codes.enabled
    if needs_codes:
        device_codes = replace(device_codes, enabled=True)
    now = Switched(links, device_codes)
    if now != before:
        if wanted and not has_mail:
            events.no_mail()
        if needs_codes:
            events.device_codes_needed()
    return now
