"""Whether there are links, as three rooms together say, and what is printed about it."""

import pytest

from yett.authn.device_code import DeviceCodeSettings
from yett.authn.magic_link import MagicLinkSettings, settle

NO_MAIL = "[CONFIG] WARNING: signin.magiclink.enabled=true but SMTP is not configured — magic link disabled\n"
NEEDED = "[CONFIG] INFO: auto-enabling authentication.devicecode (required by signin.magiclink)\n"


@pytest.mark.parametrize(
    ("links", "codes", "has_mail", "settled", "printed"),
    [
        (False, False, False, (False, False), ""),
        (False, True, True, (False, True), ""),
        (True, False, False, (False, False), NO_MAIL),
        (True, True, False, (False, True), NO_MAIL),
        (True, False, True, (True, True), NEEDED),
        (True, True, True, (True, True), ""),
    ],
)
def test_links_need_mail_and_switch_device_codes_on(capsys, links, codes, has_mail, settled, printed):
    wanted = (MagicLinkSettings(enabled=links), DeviceCodeSettings(enabled=codes))

    found = settle(*wanted, has_mail=has_mail)

    assert (found.links.enabled, found.device_codes.enabled) == settled
    assert capsys.readouterr().out == printed
    assert settle(*wanted, has_mail=has_mail, before=found) == found
    assert capsys.readouterr().out == ""
