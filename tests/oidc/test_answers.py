"""How an answer travels to a client."""

from urllib.parse import parse_qs, urlsplit

import pytest

from yett.oidc.answers import Answers
from yett.oidc.model import ResponseMode

ISSUER = "https://login.example.test"


def test_every_answer_names_the_issuer():
    answers = Answers(issuer=ISSUER)
    sent = answers.send("https://a.test/cb?x=1", ResponseMode.QUERY, {"code": "c", "state": ""})
    assert parse_qs(urlsplit(sent.headers["location"]).query) == {"x": ["1"], "code": ["c"], "iss": [ISSUER]}
    posted = answers.send("https://a.test/cb", ResponseMode.FORM_POST, {"code": "c"})
    assert f'name="iss" value="{ISSUER}"' in posted.body.decode()


def test_after_a_form_the_way_leads_over_a_page():
    sent = Answers(issuer=ISSUER).send(
        'https://a.test/cb?x="1', ResponseMode.QUERY, {"code": "c"}, is_after_form=True
    )
    assert sent.status_code == 200
    assert "location" not in sent.headers
    assert "https://a.test/cb?x=&#34;1&amp;code=c" in sent.body.decode()


def test_without_the_script_nothing_is_made(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        Answers(issuer=ISSUER, folder=tmp_path)
