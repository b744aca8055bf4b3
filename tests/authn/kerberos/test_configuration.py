from datetime import timedelta
from pathlib import Path

from yett.authn.kerberos.configuration import behind, own_text, problem_with, use


def test_ours_comes_first_and_everything_else_in_the_environment_goes():
    environ = {
        "KRB5_CONFIG": "/a",
        "KRB5_TRACE": "/t",
        "KRB5CCNAME": "/c",
        "KRB5_KTNAME": "/k",
        "PATH": "/bin",
    }
    use(Path("/own/krb5.conf"), behind(None, environ), environ)

    assert environ == {"KRB5_CONFIG": "/own/krb5.conf:/a", "PATH": "/bin"}


def test_the_machine_s_part_is_what_the_setting_names_else_the_environment_else_the_usual_one():
    assert behind(Path("/set"), {"KRB5_CONFIG": "/a"}) == "/set"
    assert behind(None, {"KRB5_CONFIG": "/a:/b"}) == "/a:/b"
    assert behind(None, {}) == "/etc/krb5.conf"


def test_the_text_names_no_default_keys_and_asks_no_dns():
    text = own_text(Path("/own"), timedelta(hours=1), timedelta(days=1))

    for line in (
        "rdns = false",
        "dns_canonicalize_hostname = false",
        "ticket_lifetime = 3600s",
        "FILE:/own/no-keytab",
    ):
        assert line in text


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    there = tmp_path / "there"
    there.write_text("")

    assert problem_with(str(there)) == ""
    assert str(tmp_path / "missing") in problem_with(f"{there}:{tmp_path / 'missing'}")
