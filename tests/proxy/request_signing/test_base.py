import base64
import hashlib

from yett.proxy.request_signing.base import digest_of, parameters, signature_base
from yett.proxy.request_signing.config import Algorithm


def test_the_digest_of_a_body_is_that_of_rfc_9530_appendix_b():
    assert digest_of(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


def test_no_body_has_a_digest_of_its_own():
    empty = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    assert digest_of(b"") == f"sha-256=:{empty}:"


def test_the_signed_text_is_laid_out_as_in_rfc_9421_section_2_5():
    params = parameters(
        ("@method", "@path"), created=1, expires=61, key_id="k", alg=Algorithm.ED25519, nonce="n"
    )
    assert signature_base((("@method", "GET"), ("@path", "/a")), params) == (
        b'"@method": GET\n"@path": /a\n"@signature-params": ("@method" "@path");created=1;expires=61'
        b';keyid="k";alg="ed25519";nonce="n";tag="yett"'
    )
