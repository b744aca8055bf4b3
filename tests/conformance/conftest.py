"""One gateway for all profiles."""

import json

import pytest
from joserfc.jwk import ECKey
from tests.conformance.suite import AFTER, CALLBACK, SECRET, Suite
from tests.journeys.gateway import Gateway
from tests.journeys.test_signing_out import Client as Receiver
from tests.net.fetching.peer import Authority

_CLIENTS = """\
[net.fetching]
allow = ["127.0.0.0/8"]
ca_file = "{ca_file}"

[[oidc.client]]
id = "basic"
secret = "{secret}"
redirect_uris = ["{callback}"]
after_logout = ["{after}"]
scopes = ["openid", "profile", "email", "address", "phone", "offline_access"]
consent = "implicit"
pkce = false
id_token_algorithm = "RS256"

[[oidc.client]]
id = "second"
secret = "{secret}"
redirect_uris = ["{callback}"]
scopes = ["openid", "offline_access"]
consent = "implicit"
pkce = false

[[oidc.client]]
id = "posting"
auth_method = "client_secret_post"
secret = "{secret}"
redirect_uris = ["{callback}"]
consent = "implicit"
pkce = false

[[oidc.client]]
id = "asking"
name = "Asking"
secret = "{secret}"
redirect_uris = ["{callback}"]
pkce = false

[[oidc.client]]
id = "told"
secret = "{secret}"
redirect_uris = ["{callback}"]
after_logout = ["{after}"]
backchannel_logout = "{told}"
backchannel_session = true
consent = "implicit"
pkce = false

[[oidc.client]]
id = "fapi"
auth_method = "private_key_jwt"
jwks = '{jwks}'
redirect_uris = ["{callback}"]
scopes = ["openid", "profile", "email", "offline_access"]
consent = "implicit"
must_push = true
must_bind = true

[[oidc.client]]
id = "fapi2"
auth_method = "private_key_jwt"
jwks = '{jwks}'
redirect_uris = ["{callback}"]
scopes = ["openid", "offline_access"]
must_push = true
must_bind = true
"""


@pytest.fixture(scope="session")
def suite(tmp_path_factory, heard_folder):
    key = ECKey.generate_key("P-256", {"kid": "suite", "use": "sig", "alg": "ES256"})
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with Receiver(authority) as receiver:
        settings = _CLIENTS.format(
            ca_file=authority.file,
            secret=SECRET,
            callback=CALLBACK,
            after=AFTER,
            told=receiver.address,
            jwks=json.dumps({"keys": [key.as_dict(private=False)]}),
        )
        gateway = Gateway(
            tmp_path_factory.mktemp("conformance"),
            settings,
            heard=heard_folder,
            telemetry='log_level = "trace"',
        )
        gateway.people()
        gateway.start()
        yield Suite(gateway, key, receiver)
        gateway.stop()
