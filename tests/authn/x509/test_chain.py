import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.authn.x509.making import CA, CLIENT, DAY, NOW, build, mail, name_of, new_key, root, usage

from yett.authn.x509.chain import Authorities, BadAuthorities, NotVouchedFor, authorities_in, read_authorities


def vouch(leaf, *trusted, between=(), now=NOW, **more):
    authorities = Authorities(
        [each.certificate for each in trusted], [each.certificate for each in between], **more
    )
    return authorities.vouch(leaf.certificate, now)


def refused(leaf, *trusted, **more):
    with pytest.raises(NotVouchedFor) as why:
        vouch(leaf, *trusted, **more)
    return str(why.value)


def test_a_trusted_authority_vouches_for_what_it_has_signed(ca):
    leaf = ca.issue()
    chain = vouch(leaf, ca)
    assert (chain.leaf, chain.issuer) == (leaf.certificate, ca.certificate)


def test_an_authority_in_between_is_needed_and_is_not_trusted_by_itself(ca, issuing):
    leaf = issuing.issue()
    assert vouch(leaf, ca, between=[issuing]).certificates == issuing.chain(leaf).certificates
    refused(leaf, ca)
    refused(leaf, root("CN=Other"), between=[issuing])


def test_an_authority_in_between_may_be_the_one_that_is_trusted(ca, issuing):
    assert vouch(issuing.issue(), issuing).issuer == issuing.certificate
    refused(ca.issue(), issuing)


def test_a_forger_with_the_name_of_an_authority_is_not_it(ca):
    forger = root("CN=Root")
    refused(forger.issue(), ca)
    refused(CA(ca.certificate, new_key()).issue(), ca)


def test_what_is_out_of_its_time_is_refused_wherever_it_stands(ca):
    old = ca.between("CN=Old", begins=-9 * DAY, ends=-DAY)
    refused(old.issue(), ca, between=[old])
    refused(ca.issue(ends=DAY), ca, now=NOW + 2 * DAY)
    refused(ca.issue(), ca, now=NOW + 5000 * DAY)


def test_longer_paths_than_wanted_are_refused(ca):
    path = [ca]
    for number in range(5):
        path.append(path[-1].between(f"CN=Rank {number}"))
    leaf = path[-1].issue()
    assert len(vouch(leaf, ca, between=path[1:], max_intermediates=5).certificates) == 7
    refused(leaf, ca, between=path[1:], max_intermediates=4)
    assert vouch(ca.issue(), ca, max_intermediates=0)
    refused(path[1].issue(), ca, between=path[1:2], max_intermediates=0)


def test_an_authority_that_may_have_none_below_it_has_none():
    top = root(path=0)
    below = top.between()
    refused(below.issue(), top, between=[below])


def test_who_is_no_authority_vouches_for_nobody(ca):
    person = ca.issue("CN=eve", key=new_key())
    refused(CA(person.certificate, person.key).issue("CN=ada"), ca, between=[person])
    made = build("CN=Half", by=ca, ca=True, key=new_key(), key_usage=usage(sign=True))
    assert "keyCertSign" in refused(CA(made.certificate, made.key).issue(), ca, between=[made])


@pytest.mark.parametrize(
    "purposes",
    [
        None,
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CODE_SIGNING]),
    ],
)
def test_a_certificate_that_is_not_for_clients_signs_nobody_in(ca, purposes):
    assert "clientAuth" in refused(ca.issue(purposes=purposes), ca)


def test_an_authority_that_is_not_for_clients_vouches_for_none(ca):
    servers = ca.between(
        "CN=Servers", extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)]
    )
    clients = ca.between("CN=Clients", extensions=[(CLIENT, False)])
    refused(servers.issue(), ca, between=[servers])
    assert vouch(clients.issue(), ca, between=[clients])


def test_a_key_that_is_not_for_signatures_signs_nobody_in(ca):
    agreeing = x509.KeyUsage(False, False, False, False, True, False, False, False, False)
    assert "key usage" in refused(ca.issue(key_usage=agreeing), ca)
    assert vouch(ca.issue(key_usage=usage(sign=True)), ca)


def test_an_authority_does_not_sign_itself_in(ca, issuing):
    refused(ca, ca)
    refused(issuing, ca, between=[issuing])
    refused(ca.between(extensions=[(CLIENT, False)]), ca)


@pytest.mark.parametrize(
    ("key", "good"),
    [
        (rsa.generate_private_key(65537, 2048), True),
        (rsa.generate_private_key(65537, 1024), False),
        (ec.generate_private_key(ec.SECP384R1()), True),
        (ec.generate_private_key(ec.SECP192R1()), False),
        (ed25519.Ed25519PrivateKey.generate(), True),
    ],
)
def test_weak_keys_sign_nobody_in(ca, key, good):
    leaf = ca.issue(key=key)
    assert vouch(leaf, ca) if good else "weak" in refused(leaf, ca)


def test_authorities_with_rsa_keys_are_as_good():
    old = root("CN=RSA", key=rsa.generate_private_key(65537, 2048))
    assert vouch(old.issue(), old)


def constrained(ca, permitted=None, excluded=None, *, critical=True):
    return ca.between("CN=Constrained", extensions=[(x509.NameConstraints(permitted, excluded), critical)])


@pytest.mark.parametrize(
    ("permitted", "excluded", "names", "good"),
    [
        ([mail("example.org")], None, [mail("ada@example.org")], True),
        ([mail("example.org")], None, [mail("ada@evil.example")], False),
        (None, [mail("example.org")], [mail("ada@example.org")], False),
        ([x509.DNSName("example.org")], None, [mail("ada@evil.example")], True),
        ([x509.DNSName("example.org")], None, [x509.DNSName("evil.example")], False),
    ],
)
def test_name_constraints_are_followed(ca, permitted, excluded, names, good):
    between = constrained(ca, permitted, excluded)
    leaf = between.issue(names=names)
    assert vouch(leaf, ca, between=[between]) if good else refused(leaf, ca, between=[between])


@pytest.mark.parametrize("critical", [True, False])
def test_name_constraints_that_are_not_understood_are_refused_even_where_they_would_be_met(ca, critical):
    between = constrained(ca, [x509.DirectoryName(name_of("O=Example"))], critical=critical)
    refused(between.issue("CN=ada,O=Example"), ca, between=[between])


@pytest.mark.parametrize(
    "extension",
    [
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
        x509.PolicyConstraints(0, None),
        x509.InhibitAnyPolicy(0),
    ],
)
def test_critical_extensions_that_are_not_understood_are_refused(ca, extension):
    between = ca.between("CN=Strict", extensions=[(extension, True)])
    refused(between.issue(), ca, between=[between])
    if isinstance(extension, x509.UnrecognizedExtension):
        refused(ca.issue(extensions=[(extension, True)]), ca)
        assert vouch(ca.issue(extensions=[(extension, False)]), ca)


def test_without_anybody_who_is_trusted_nobody_is_vouched_for(ca):
    assert Authorities().is_empty
    refused(ca.issue())
    refused(ca.issue(), between=[ca])


def test_files_with_authorities_are_read_strictly(ca, issuing, tmp_path):
    file = tmp_path / "ca.pem"
    file.write_bytes(b"# our authorities\n" + ca.pem + issuing.pem)
    assert len(read_authorities(file)) == 2
    for content, why in (
        (b"", "no certificates"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificates"),
        (ca.issue().pem, "not an authority"),
        (ca.pem * 201, "more than 200"),
        (b"x" * (5 << 20), "too large"),
    ):
        file.write_bytes(content)
        with pytest.raises(BadAuthorities, match=why):
            read_authorities(file)
    with pytest.raises(BadAuthorities):
        read_authorities(tmp_path / "nowhere.pem")
    assert authorities_in(ca.pem)[0] == ca.certificate
