import re

import pytest

from yett.signin.passkey import PasskeyScript


async def test_the_address_of_the_script_names_its_content(keyed, browser):
    answer = await browser.get(keyed.script.script)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert re.fullmatch(r"/signin/passkey/passkey\.js\?[0-9a-f]{16}", keyed.script.script)


def test_without_the_file_there_is_no_script(tmp_path):
    with pytest.raises(OSError, match=r"passkey\.js"):
        PasskeyScript(None, tmp_path)
