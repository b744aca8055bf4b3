import pytest

from yett.keys.threshold.policy import Improper, judged
from yett.oidc.signing import compact
from yett.oidc.signing.material import base64url

NOW = 1_000_000.0


def judge(message, **more):
    said = {"kid": "k", "issuer": "https://a", "longest": 3600.0, "now": NOW, **more}
    return judged(message, **said)


def token(head=None, **claims):
    first = compact.head("EdDSA", "k", "at+jwt") if head is None else base64url(head)
    return f"{first}.{compact.body({'iss': 'https://a', 'exp': NOW + 60, **claims})}".encode()


def raw(payload):
    return f"{compact.head('EdDSA', 'k', 'JWT')}.{base64url(payload)}".encode()


def test_a_token_of_ours_is_what_it_says():
    said = judge(token(sub="ada", aud=["shop", "bank"]))
    assert said == ("at+jwt", "ada", "shop bank", NOW + 60)
    assert judge(token(sub=5, aud={"a": 1}))[1:3] == ("", "")
    assert judge(token(exp=NOW + 3600)).expires_at == NOW + 3600
    assert judge(token(iss="https://b"), issuer="").typ == "at+jwt"


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "no token"),
        (b"transfer everything", "no token"),
        (token()[:-1], "no token"),
        (token() + b".AAAA", "no token"),
        (b"." + token().partition(b".")[2], "no token"),
        (token(head=b'{"alg":"EdDSA","kid":"k","typ":"JWT","jku":"https://evil"}'), "no token"),
        (token(head=b'{"alg":"ES256","kid":"k","typ":"JWT"}'), "another key"),
        (token(head=b'{"alg":"none","kid":"k","typ":"JWT"}'), "another key"),
        (token(head=b'{"alg":"EdDSA","kid":"other","typ":"JWT"}'), "another key"),
        (token(iss="https://b"), "another issuer"),
        (token(iss=None), "another issuer"),
        (token(exp=NOW + 3601), "too long"),
        (token(exp=True), "does not end"),
        (token(exp=None), "does not end"),
        (token(head=b'{"alg":"none","alg":"EdDSA","kid":"k","typ":"JWT"}'), "no token"),
        (token(head=b'{"kid":"k","alg":"EdDSA","typ":"JWT"}'), "no token"),
        (raw(b'{"iss":"https://evil","iss":"https://a","exp":1000060}'), "no token"),
        (raw(b'{"iss":"https://a", "exp":1000060}'), "no token"),
        (raw(b'{"iss":"https://\\u0061","exp":1000060}'), "no token"),
        (raw(b"[]"), "no token"),
        (raw(b"\xff"), "no token"),
        (token(more="x" * 20_000), "too long"),
    ],
)
def test_nothing_else_is(message, why):
    with pytest.raises(Improper, match=why):
        judge(message)
