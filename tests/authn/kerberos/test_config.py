from pathlib import Path

import pytest

from yett.authn.kerberos import KerberosSettings, PrincipalSettings, check_kerberos, config
from yett.authn.kerberos.model import Match

KEYS = Path("/etc/yett/http.keytab")


def keys_of(**more):
    return [mistake.key for mistake in check_kerberos(KerberosSettings(enabled=True, **more))]


def test_what_is_off_has_no_mistakes():
    assert list(check_kerberos(KerberosSettings(realms=("A", "B"), keytab_base64="x"))) == []


@pytest.mark.parametrize(
    ("more", "mistakes"),
    [
        ({"keytab": KEYS}, []),
        ({}, ["authn.kerberos.keytab"]),
        (
            {"keytab": KEYS, "keytab_base64": "BQI="},
            ["authn.kerberos.keytab", "authn.kerberos.keytab_base64"],
        ),
        ({"keytab_base64": "!"}, ["authn.kerberos.keytab_base64"]),
        ({"keytab": KEYS, "realms": ("A", "B")}, ["authn.kerberos.realms"]),
        ({"keytab": KEYS, "realms": ("A", "A")}, []),
        ({"keytab": KEYS, "realms": ("A", "B"), "same_names": True}, []),
        ({"keytab": KEYS, "realms": ("A", "B"), "match": Match.EMAIL}, []),
        (
            {
                "keytab": KEYS,
                "principal": (
                    PrincipalSettings(principal="HTTP/ci@A", person="ci"),
                    PrincipalSettings(principal="HTTP/ci@A", person="No Name"),
                    PrincipalSettings(principal="x/@A", person="x"),
                ),
            },
            [
                "authn.kerberos.principal.person",
                "authn.kerberos.principal.principal",
                "authn.kerberos.principal.principal",
            ],
        ),
    ],
)
def test_mistakes_are_found_before_anything_starts(more, mistakes):
    assert keys_of(**more) == mistakes


def test_a_secret_is_in_no_mistake():
    (mistake,) = check_kerberos(KerberosSettings(enabled=True, keytab_base64="c2VjcmV0"))

    assert "c2VjcmV0" not in str(mistake)


def test_a_missing_package_is_a_mistake(monkeypatch):
    monkeypatch.setattr(config, "missing", lambda: "install yett[kerberos]")

    assert keys_of(keytab=KEYS) == ["authn.kerberos.enabled"]
