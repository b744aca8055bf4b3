"""An OpenLDAP server of a test's own, on a free port of this machine."""

import base64
import datetime
import ipaddress
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.journeys.gateway import until
from tests.ports import free_port

BASE = "dc=example,dc=org"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
ADMIN = f"cn=admin,{BASE}"
ADMIN_PASSWORD = "admin-password"
SERVICE = f"cn=yett,{BASE}"
SERVICE_PASSWORD = "service-password"

CONFIGURATION = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
{tls}
sizelimit unlimited
database mdb
suffix "{base}"
rootdn "{admin}"
rootpw {admin_password}
directory {folder}/data
maxsize 1073741824
dbnosync
index objectClass,uid,member,entryUUID,modifyTimestamp eq
{policy}
access to attrs=userPassword by dn.exact="{service}" write by self write by anonymous auth by * none
access to * by dn.exact="{service}" read by self read by * none
"""
POLICY = """\
overlay ppolicy
ppolicy_default "cn=policy,{base}"
ppolicy_use_lockout
"""
START = """\
dn: {base}
objectClass: organization
objectClass: dcObject
o: Example
dc: example

dn: ou=people,{base}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{base}
objectClass: organizationalUnit
ou: groups

dn: {service}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: yett
userPassword: {service_password}

"""
START_POLICY = """\
dn: cn=policy,{base}
objectClass: organizationalRole
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdMinLength: 8
pwdInHistory: 2
pwdCheckQuality: 1
pwdMustChange: TRUE
pwdAllowUserChange: TRUE
pwdLockout: TRUE
pwdMaxFailure: 50

"""


def _state(thread):
    return (thread / "stat").read_text().rpartition(") ")[2][0]


def dn_of(name):
    return f"uid={name},{PEOPLE}"


def group_dn(name):
    return f"cn={name},{GROUPS}"


def ldif(dn, attributes):
    """An entry as LDIF; every value in base64, whatever it holds."""
    lines = [f"dn:: {base64.b64encode(dn.encode()).decode()}"]
    for name, values in attributes.items():
        for value in [values] if isinstance(values, (str, bytes)) else values:
            data = value.encode() if isinstance(value, str) else value
            lines.append(f"{name}:: {base64.b64encode(data).decode()}")
    return "\n".join(lines) + "\n\n"


def user_ldif(name, *, password="", email="", display_name="", **more):
    attributes = {
        "objectClass": ["inetOrgPerson"],
        "uid": name,
        "cn": display_name or name.title(),
        "sn": name.title(),
        "mail": email or f"{name}@example.org",
    }
    if password:
        attributes["userPassword"] = password
    return ldif(dn_of(name), attributes | more)


def group_ldif(name, members):
    return ldif(group_dn(name), {"objectClass": ["groupOfNames"], "cn": name, "member": members})


class Authority:
    """A certificate authority for one server on 127.0.0.1."""

    def __init__(self, folder, name="Test CA"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self.key.public_key(), is_ca=True)
        self.path = self.folder / "ca.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, key, *, is_ca=False):
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        if is_ca:
            usage = x509.KeyUsage(
                digital_signature=False, content_commitment=False, key_encipherment=False,
                data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
                encipher_only=False, decipher_only=False,
            )  # fmt: skip
            builder = builder.add_extension(usage, critical=True)
        else:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self):
        """Paths of a certificate for 127.0.0.1 and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        certificate, key_file = self.folder / "server.pem", self.folder / "server.key"
        certificate.write_bytes(
            self._sign(subject, key.public_key()).public_bytes(serialization.Encoding.PEM)
        )
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, key_file


@dataclass
class LdapServer:
    """`start` it; `url` speaks in the clear or StartTLS, `ldaps` is TLS from the first byte.

    `policy=True` gives every person a password policy (eight characters, the last two not again).
    """

    folder: Path
    policy: bool = False
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)

    def __post_init__(self):
        # slapd takes no long paths and no quotes apart; pytest's folders are neither.
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(self.folder / "tls")
        certificate, key = self.authority.issue()
        tls = (
            f"TLSCACertificateFile {self.authority.path}\n"
            f"TLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\nTLSVerifyClient never"
        )
        names = {
            "folder": self.folder, "base": BASE, "admin": ADMIN, "admin_password": ADMIN_PASSWORD,
            "service": SERVICE, "service_password": SERVICE_PASSWORD, "tls": tls,
        }  # fmt: skip
        policy = POLICY.format(**names) if self.policy else ""
        self.config = self.folder / "slapd.conf"
        self.config.write_text(CONFIGURATION.format(**names, policy=policy))
        self.process = None
        self._started = START.format(**names) + (START_POLICY.format(**names) if self.policy else "")
        self.fill(self._started)

    @property
    def url(self):
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def ldaps(self):
        return f"ldaps://127.0.0.1:{self.tls_port}"

    @property
    def ca(self):
        return self.authority.path

    def fill(self, text):
        """Write entries straight into the files of a server that does not run; fast, for thousands."""
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        self._run(["/usr/sbin/slapadd", "-q", "-f", str(self.config)], text)

    def clear(self):
        """Back to the beginning: nobody, and no groups."""
        running = self.process is not None
        self.stop()
        shutil.rmtree(self.folder / "data")
        self.fill(self._started)
        if running:
            self.start()

    def start(self):
        log = (self.folder / "slapd.log").open("ab")
        self.process = subprocess.Popen(
            ["/usr/sbin/slapd", "-f", str(self.config), "-d", "0",
             "-h", f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port}"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        log.close()
        until(self._answers, what="slapd")
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "slapd.log").read_text()[-2000:])
        try:
            socket.create_connection(("127.0.0.1", self.tls_port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self):
        if self.process is not None:
            # One that hangs hears no politer signal.
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=20)
        self.process = None

    def pause(self):
        """It goes on accepting connections, and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)
        threads = Path(f"/proc/{self.process.pid}/task")
        until(lambda: all(_state(each) == "T" for each in threads.iterdir()), what="standing still")

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    # Changing what it knows.

    def add(self, text):
        """Entries as LDIF."""
        self._run(["ldapadd", *self._access], text)

    def add_user(self, name, password="", **more):
        self.add(user_ldif(name, password=password, **more))

    def add_group(self, name, *members):
        """A group of people (by name) and of other groups (by DN)."""
        self.add(group_ldif(name, [each if "=" in each else dn_of(each) for each in members]))

    def modify(self, dn, **changes):
        """Replace attributes; an empty value removes them."""
        lines = [f"dn: {dn}", "changetype: modify"]
        for name, values in changes.items():
            lines.append(f"replace: {name}")
            listed = [values] if isinstance(values, str) else values
            lines += [f"{name}:: {base64.b64encode(value.encode()).decode()}" for value in listed if value]
            lines.append("-")
        self._run(["ldapmodify", "-M", *self._access], "\n".join(lines) + "\n")

    def rename(self, dn, relative, *, parent=""):
        words = ["-s", parent] if parent else []
        self._run(["ldapmodrdn", "-r", *words, *self._access, dn, relative])

    def delete(self, *dns):
        self._run(["ldapdelete", *self._access, *dns])

    def disable(self, name):
        """Lock for good, as the password policy understands it."""
        self._relax(dn_of(name), "pwdAccountLockedTime", "000001010000Z")

    def must_change(self, name):
        self._relax(dn_of(name), "pwdReset", "TRUE")

    def _relax(self, dn, attribute, value):
        text = f"dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
        self._run(["ldapmodify", "-e", "!relax", *self._access], text)

    @property
    def _access(self):
        return ["-x", "-H", self.url, "-D", ADMIN, "-w", ADMIN_PASSWORD]

    @staticmethod
    def _run(words, text=""):
        done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
