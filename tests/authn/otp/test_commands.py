"""What operators can do about codes by mail."""

import pytest

from yett.authn.otp import OTPCommands
from yett.kernel import CommandFailed


async def test_a_person_is_unlocked_by_name(codes):
    await codes.generate("ada", "ada@example.org", "browser")
    assert await OTPCommands(codes).unlock(" Ada ") == "ada can ask for a code again; 1 of theirs ended."


async def test_what_is_no_name_is_refused(codes):
    with pytest.raises(CommandFailed, match="cannot be the name"):
        await OTPCommands(codes).unlock("../ada")


async def test_a_store_that_fails_is_told(codes, records):
    records.is_down = True
    with pytest.raises(CommandFailed, match="the store did not do it"):
        await OTPCommands(codes).unlock("ada")
