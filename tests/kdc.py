"""A real KDC of MIT's on loopback: one for all tests that need it."""

import base64
import os
import socket
import subprocess
from pathlib import Path

import gssapi
import pytest
from tests.journeys.gateway import until
from tests.ports import free_port

REALM = "CORP.TEST"
HOST = "yett.localhost"
SERVICE = f"HTTP/{HOST}"
PASSWORDS = {
    "alice": "correct horse 7 staple",
    "bob": "battery 4 horse stable",
    "carol": "a third password 9",
}

_CLIENT = """\
[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
  clockskew = {skew}
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{kdc}
    kpasswd_server = 127.0.0.1:{kpasswd}
    admin_server = 127.0.0.1:{kadmin}
  }}
[domain_realm]
  .yett.localhost = {realm}
  yett.localhost = {realm}
"""

_SERVER = """\
[kdcdefaults]
  kdc_listen = 127.0.0.1:{kdc}
  kdc_tcp_listen = 127.0.0.1:{kdc}
[realms]
  {realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/kadm5.acl
    kadmind_listen = 127.0.0.1:{kadmin}
    kpasswd_listen = 127.0.0.1:{kpasswd}
    iprop_listen = 127.0.0.1:{iprop}
    max_life = 10h
    max_renewable_life = 7d
    supported_enctypes = aes256-cts-hmac-sha1-96:normal
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
  admin_server = FILE:{folder}/kadmin.log
"""


class KDC:
    """A realm with people, the gateway's service and another service."""

    def __init__(self, folder, realm=REALM):
        self.folder, self.realm = Path(folder), realm
        self.ports = {name: free_port() for name in ("kdc", "kadmin", "kpasswd", "iprop")}
        self.config = self._configuration("krb5.conf", skew=300)
        self.strict = self._configuration("strict.conf", skew=1)
        (self.folder / "kdc.conf").write_text(
            _SERVER.format(realm=realm, folder=self.folder, **self.ports), encoding="utf-8"
        )
        (self.folder / "kadm5.acl").write_text("")
        self.keytab = self.folder / "http.keytab"
        self._running = []
        self._count = 0

    @property
    def environ(self):
        """What a program needs to be a client of this realm."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KRB5")}
        return {**kept, "KRB5_CONFIG": str(self.config), "LC_ALL": "C"}

    def start(self):
        self._run("kdb5_util", "create", "-s", "-P", "master", "-r", self.realm)
        for name, password in PASSWORDS.items():
            self.admin(f'addprinc -pw "{password}" {name}')
        self.admin("modprinc -maxrenewlife 7d krbtgt/" + self.realm)
        self.admin(f"addprinc -randkey {SERVICE}")
        self.admin("addprinc -randkey HTTP/other.localhost")
        self.admin(f"ktadd -k {self.keytab} {SERVICE}")
        self._serve("krb5kdc", "-n", "-r", self.realm, port="kdc")
        self._serve("kadmind", "-nofork", "-r", self.realm, port="kpasswd")

    def stop(self):
        for process in self._running:
            process.terminate()
            process.wait(timeout=10)

    def admin(self, query):
        return self._run("kadmin.local", "-r", self.realm, "-q", query)

    def export(self, principal, *, keep=True):
        """The keys of a principal, as a keytab of its own."""
        self._count += 1
        path = self.folder / f"export{self._count}.keytab"
        self.admin(f"ktadd {'-norandkey ' if keep else ''}-k {path} {principal}")
        return path

    def kinit(self, name="alice", *options, password=None):
        """A credential cache of a person."""
        self._count += 1
        path = self.folder / f"cache{self._count}"
        secret = PASSWORDS[name] if password is None else password
        subprocess.run(
            ["/usr/bin/kinit", "-c", f"FILE:{path}", *options, name],
            input=secret + "\n", text=True, env=self.environ, check=True, capture_output=True,
        )  # fmt: skip
        return path

    def kinit_with_keys(self, principal):
        """A credential cache of a service."""
        keytab = self.export(principal)
        path = keytab.with_suffix(".cache")
        subprocess.run(
            ["/usr/bin/kinit", "-c", f"FILE:{path}", "-k", "-t", str(keytab), principal],
            env=self.environ, check=True, capture_output=True,
        )  # fmt: skip
        return path

    def token(self, cache, *, host=HOST, mechanism="1.3.6.1.5.5.2", binding=None):
        """The first token that a browser with this cache would send, as bytes."""
        kerberos = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
        wanted = gssapi.OID.from_int_seq(mechanism)
        before = os.environ.get("KRB5_CONFIG")
        os.environ["KRB5_CONFIG"] = str(self.config)
        try:
            credentials = gssapi.raw.acquire_cred_from(
                {b"ccache": f"FILE:{cache}".encode()}, mechs=[kerberos, wanted], usage="initiate"
            ).creds
            name = gssapi.Name(f"HTTP@{host}", gssapi.NameType.hostbased_service)
            bound = gssapi.raw.ChannelBindings(application_data=binding) if binding else None
            return gssapi.raw.init_sec_context(
                name, credentials, mech=wanted, flags=[2], channel_bindings=bound
            ).token
        finally:
            if before is None:
                del os.environ["KRB5_CONFIG"]
            else:
                os.environ["KRB5_CONFIG"] = before

    def for_somebody(self, principal):
        """A token that the service made for itself on behalf of somebody (S4U2self), as its key allows."""
        kerberos = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
        kind = gssapi.NameType.kerberos_principal
        keys = f"FILE:{self.keytab}".encode()
        self._count += 1
        store = {b"client_keytab": keys, b"keytab": keys, b"ccache": f"MEMORY:s4u{self._count}".encode()}
        service = gssapi.raw.acquire_cred_from(
            store,
            name=gssapi.raw.import_name(f"{SERVICE}@{self.realm}".encode(), kind),
            usage="both",
            mechs=[kerberos],
        ).creds
        somebody = gssapi.raw.import_name(principal.encode(), kind)
        credentials = gssapi.raw.acquire_cred_impersonate_name(
            service, somebody, mechs=[kerberos], usage="initiate"
        ).creds
        name = gssapi.Name(f"HTTP@{HOST}", gssapi.NameType.hostbased_service)
        return gssapi.raw.init_sec_context(name, credentials, mech=kerberos).token

    def _configuration(self, name, *, skew):
        path = self.folder / name
        path.write_text(_CLIENT.format(realm=self.realm, skew=skew, **self.ports), encoding="utf-8")
        return path

    @property
    def _environ(self):
        return {**self.environ, "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}

    def _run(self, program, *words):
        done = subprocess.run(
            [f"/usr/sbin/{program}", *words], env=self._environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _serve(self, program, *words, port):
        output = (self.folder / f"{program}.out").open("wb")
        with output:
            process = subprocess.Popen(
                [f"/usr/sbin/{program}", *words], env=self._environ, stdout=output, stderr=output
            )
        self._running.append(process)
        until(lambda: _answers(self.ports[port]), what=program)


def _answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def header(token):
    """The field that carries a token."""
    return "Negotiate " + base64.b64encode(token).decode()


@pytest.fixture(scope="session")
def kdc(tmp_path_factory):
    made = KDC(tmp_path_factory.mktemp("kdc"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def tickets(kdc):
    """Credential caches of alice and bob."""
    return {name: kdc.kinit(name) for name in ("alice", "bob", "carol")}
