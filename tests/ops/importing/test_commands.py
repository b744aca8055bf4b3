import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.ops.importing import samples

from yett.app import check
from yett.config import load
from yett.kernel import CommandFailed
from yett.ops.importing import import_authelia, import_gafaelfawr, import_ingress_nginx, import_oauth2_proxy
from yett.ops.importing.documents import variables_of

YETT = str(Path(sys.executable).with_name("yett"))
SYSTEMS = {
    "oauth2-proxy": (import_oauth2_proxy, {"oauth2-proxy.cfg": samples.OAUTH2_PROXY}),
    "oauth2-proxy structured": (import_oauth2_proxy, {"alpha.yaml": samples.OAUTH2_PROXY_STRUCTURED}),
    "authelia": (
        import_authelia,
        {"configuration.yml": samples.AUTHELIA, "users.yml": samples.AUTHELIA_USERS},
    ),
    "ingress-nginx": (import_ingress_nginx, {"ingress.yaml": samples.INGRESS}),
    "gafaelfawr": (import_gafaelfawr, {"values.yaml": samples.GAFAELFAWR}),
}


@pytest.fixture
def place(tmp_path):
    def write(files):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return [str(tmp_path / name) for name in files]

    return write


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_made_is_in_order_as_it_is(system, place, tmp_path, capsys):
    run, files = SYSTEMS[system]
    output, secrets = tmp_path / "yett.toml", tmp_path / "secrets.env"
    run(*place(files), output=str(output), secrets=str(secrets))
    told = capsys.readouterr()
    environ = variables_of(secrets.read_text())
    (tmp_path / "etc").mkdir()
    text = output.read_text()
    # Files of the machine that they were for are not here.
    for named in ("/var/www/static/",):
        text = text.replace(named, str(tmp_path))
    (tmp_path / "etc" / "yett.toml").write_text(text)
    loaded = load(tmp_path / "etc", environ, checks=(check,))
    assert loaded.snapshot
    assert told.out == ""
    assert "to look at; wrote" in told.err
    for path in (output, secrets):
        assert path.stat().st_mode & 0o777 == 0o600
    assert "hunter2" not in output.read_text() + told.err
    assert "upstream secret" not in output.read_text() + told.err


@pytest.mark.parametrize("system", SYSTEMS)
def test_standard_output_gets_settings_and_never_a_secret(system, place, capsys):
    run, files = SYSTEMS[system]
    run(*place(files))
    told = capsys.readouterr()
    assert tomllib.loads(told.out)
    for secret in ("hunter2", "upstream secret", "gt-AAAA", "0123456789abcdef", "$argon2id"):
        assert secret not in told.out + told.err


def test_people_keep_their_hashes_in_a_file_of_their_own(place, tmp_path, capsys):
    users = tmp_path / "users.toml"
    import_authelia(*place({"users.yml": samples.AUTHELIA_USERS}), users=str(users))
    ada, bob = tomllib.loads(users.read_text())["user"]
    assert ada["password_hash"].startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert ada["groups"] == ["staff"]
    assert (bob["name"], bob["disabled"], "password_hash" in bob) == ("bob", True, False)
    assert users.stat().st_mode & 0o777 == 0o600
    err = " ".join(capsys.readouterr().err.split())
    assert "Wiki Admins" in err
    assert "yett users passwd bob" in err


def test_strict_fails_when_something_has_no_equivalent(place, capsys):
    files = place({"a.cfg": 'odd = 1\nredirect_url = "https://a.example.org/"'})
    import_oauth2_proxy(*files)
    with pytest.raises(CommandFailed, match="1 settings have no equivalent"):
        import_oauth2_proxy(*files, hostname="signin.example.org", strict=True)
    assert tomllib.loads(capsys.readouterr().out.split("\n\n#")[0])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no settings"),
        ("just a text", "no table of settings"),
        ("a: [", "not YAML"),
        ("- 1", "no table of settings"),
    ],
)
def test_what_cannot_be_read_is_said(place, text, why):
    with pytest.raises(CommandFailed, match=why):
        import_authelia(*place({"configuration.yml": text}))


def test_no_file_is_written_over(place, tmp_path):
    files = place({"values.yaml": samples.GAFAELFAWR})
    (tmp_path / "there").symlink_to(tmp_path / "nowhere")
    for option in ("output", "secrets", "snippets"):
        with pytest.raises(CommandFailed, match=f"name another with --{option}"):
            import_gafaelfawr(*files, **{option: str(tmp_path / "there")})
    with pytest.raises(CommandFailed, match="cannot write"):
        import_gafaelfawr(*files, output=str(tmp_path / "no" / "folder"))
    assert not (tmp_path / "nowhere").exists()


def test_pieces_for_nginx_are_ones_that_nginx_takes(place, tmp_path):
    snippets = tmp_path / "pieces.conf"
    import_gafaelfawr(*place({"values.yaml": samples.GAFAELFAWR}), snippets=str(snippets))
    pieces = snippets.read_text().replace("https://data.example.org", "http://127.0.0.1:9180")
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:1; {pieces} }} }}"
    )
    done = subprocess.run(
        ["nginx", "-t", "-q", "-c", str(configuration), "-p", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (
        "scope=read%3Aall&service=search&delegate_to=search&delegate_scope=read%3Aall&minimum_lifetime=600"
        in pieces
    )


def test_the_command_reads_standard_input_and_ends_with_1_for_what_it_cannot_read(tmp_path):
    def run(text, *words):
        return subprocess.run(
            [YETT, "import", *words, "-"], input=text, capture_output=True, text=True, check=False, cwd=tmp_path,
            env={**os.environ, "YETT_CONFIG": str(tmp_path)}, timeout=60,
        )  # fmt: skip

    good = run(samples.INGRESS, "ingress-nginx")
    assert good.returncode == 0, good.stderr
    assert tomllib.loads(good.stdout)["service"] == {"hostname": "auth.example.org"}
    bad = run("a: &a [*a]", "ingress-nginx")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "Traceback" not in bad.stderr
    assert run(samples.INGRESS, "ingress-nginx", "--strict").returncode == 1
