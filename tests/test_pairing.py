"""Each source file with logic has its test file where a reader looks for it."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "yett"

WITHOUT_LOGIC = {"__init__.py", "__main__.py", "events.py", "config.py", "model.py"}
"""Files that declare. One that has logic all the same may have a test file, and many do."""

COVERED = {
    "app/accounts.py": "journeys/test_onboarding.py",
    "app/asking.py": "journeys/test_oidc_provider.py",
    "app/certificates.py": "journeys/test_client_certificates.py",
    "app/checking.py": "journeys/test_first_path.py",
    "app/cosigning.py": "journeys/test_cosigning.py",
    "app/devices.py": "journeys/test_magic_link.py",
    "app/exchanging.py": "journeys/test_oidc_token_endpoint.py",
    "app/federation.py": "journeys/test_other_providers.py",
    "app/foreseeing.py": "journeys/test_explained.py",
    "app/forward_auth.py": "journeys/test_forward_auth.py",
    "app/gateway.py": "journeys/test_first_path.py",
    "app/kerberos.py": "journeys/test_kerberos.py",
    "app/ldap.py": "journeys/test_ldap.py",
    "app/oidc.py": "journeys/test_oidc_provider.py",
    "app/people.py": "journeys/test_first_path.py",
    "app/personal.py": "journeys/test_personal_tokens.py",
    "app/registering.py": "journeys/test_signing_out.py",
    "app/signing_out.py": "journeys/test_signing_out.py",
    "app/scoped_tokens.py": "journeys/test_scoped_tokens.py",
    "config/notices.py": "config/test_load.py",
    "events/outputs/stream.py": "events/outputs/test_syslog.py",
    "events/audit/recall.py": "events/audit/test_log.py",
    "events/audit/verifier.py": "events/audit/test_verify.py",
    "events/audit/walk.py": "events/audit/test_verify.py",
    "identity/federation/asking.py": "identity/federation/test_party.py",
    "identity/federation/caching.py": "identity/federation/test_discovery.py",
    "identity/ldap/current.py": "identity/ldap/test_syncing.py",
    "identity/leaving.py": "identity/test_directory.py",
    "keys/threshold/envelope.py": "keys/threshold/test_ceremony.py",
    "keys/threshold/making.py": "keys/threshold/test_service.py",
    "net/http/attempt.py": "net/http/test_planned.py",
    "net/http/channel.py": "net/http/test_pool.py",
    "net/http/engine.py": "net/http/test_server.py",
    "net/http/h2/alpn.py": "net/http/h2/test_server.py",
    "net/http/h2/frames.py": "net/http/h2/test_connection.py",
    "net/http/h2/pool.py": "net/http/h2/test_upstream.py",
    "net/http/shared.py": "net/http/h2/test_upstream.py",
    "net/http/stream.py": "net/http/test_exchange.py",
    "net/http/streams.py": "net/http/h3/test_upstream.py",
    "net/http/upstream.py": "net/http/test_exchange.py",
    "oidc/signing/loading.py": "oidc/signing/test_service.py",
    "oidc/tokens/answers.py": "oidc/tokens/test_userinfo.py",
    "oidc/tokens/keeping.py": "oidc/tokens/test_service.py",
    "oidc/tokens/making.py": "oidc/tokens/test_issuing.py",
    "oidc/tokens/standing.py": "oidc/tokens/test_service.py",
    "ops/admin/address.py": "ops/admin/test_listening.py",
    "pki/ca/building.py": "pki/ca/test_authority.py",
    "ops/importing/gafaelfawr/people.py": "ops/importing/gafaelfawr/test_objects.py",
    "ops/importing/gafaelfawr/quotas.py": "ops/importing/gafaelfawr/test_objects.py",
    "ops/importing/gafaelfawr/settings.py": "ops/importing/gafaelfawr/test_objects.py",
    "ops/importing/ingress_nginx/canary.py": "ops/importing/ingress_nginx/test_objects.py",
    "ops/importing/ingress_nginx/guard.py": "ops/importing/ingress_nginx/test_objects.py",
    "ops/importing/ingress_nginx/paths.py": "ops/importing/ingress_nginx/test_objects.py",
    "ops/importing/kubernetes.py": "ops/importing/ingress_nginx/test_objects.py",
    "ops/importing/oauth2_proxy/listening.py": "ops/importing/oauth2_proxy/test_settings.py",
    "ops/importing/oauth2_proxy/provider.py": "ops/importing/oauth2_proxy/test_settings.py",
    "ops/importing/oauth2_proxy/reading.py": "ops/importing/oauth2_proxy/test_settings.py",
    "ops/importing/oauth2_proxy/structured.py": "ops/importing/oauth2_proxy/test_settings.py",
    "ops/importing/oauth2_proxy/upstreams.py": "ops/importing/oauth2_proxy/test_settings.py",
    "ops/importing/ours.py": "ops/importing/test_commands.py",
    "ops/importing/outcome.py": "ops/importing/test_commands.py",
    "proxy/balancing/checking.py": "proxy/balancing/test_service.py",
    "proxy/balancing/health/wire.py": "proxy/balancing/health/test_probe.py",
    "proxy/balancing/intervals.py": "proxy/balancing/test_service.py",
    "proxy/balancing/live.py": "proxy/balancing/test_service.py",
    "proxy/balancing/roster.py": "proxy/balancing/test_administration.py",
    "proxy/balancing/spreading.py": "proxy/balancing/test_following.py",
    "proxy/balancing/strategies/adaptive.py": "proxy/balancing/strategies/test_strategies.py",
    "proxy/balancing/strategies/candidate.py": "proxy/balancing/strategies/test_strategies.py",
    "proxy/balancing/strategies/chance.py": "proxy/balancing/strategies/test_strategies.py",
    "proxy/balancing/strategies/hashed.py": "proxy/balancing/strategies/test_strategies.py",
    "proxy/balancing/strategies/least_conn.py": "proxy/balancing/strategies/test_strategies.py",
    "proxy/balancing/strategies/maglev.py": "proxy/balancing/strategies/test_strategies.py",
    "proxy/balancing/strategies/round_robin.py": "proxy/balancing/strategies/test_strategies.py",
    "proxy/balancing/strategies/sticky.py": "proxy/balancing/strategies/test_strategies.py",
    "proxy/balancing/strategies/uniform.py": "proxy/balancing/strategies/test_strategies.py",
    "proxy/balancing/strategies/weighted.py": "proxy/balancing/strategies/test_strategies.py",
    "signin/factors.py": "signin/test_second.py",
    "signin/forms.py": "signin/test_routes.py",
    "signin/onboarding/enrolment.py": "signin/onboarding/test_pages.py",
    "signin/onward.py": "signin/test_second.py",
    "signin/profile/overview.py": "signin/profile/test_home_page.py",
    "signin/profile/profile.py": "signin/profile/test_api.py",
    "signin/proving.py": "signin/test_routes.py",
}
"""Files that only make sense together with another, and the test file of the two."""


def has_logic(path):
    """Whether a function in the file does more than hand on, declare or stand for something."""
    return any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not is_bare(node)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )


def is_bare(function):
    """A body of nothing but a docstring and `...`: an event, or a method of a port."""
    return all(
        isinstance(step, ast.Pass) or (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))
        for step in function.body
    )


def home_of(path):
    place = path.relative_to(SOURCE)
    return TESTS / place.parent / f"test_{place.name}"


LOGICAL = [
    path for path in sorted(SOURCE.rglob("*.py")) if path.name not in WITHOUT_LOGIC and has_logic(path)
]


@pytest.mark.parametrize("path", LOGICAL, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_with_logic_has_its_test_file(path):
    name = str(path.relative_to(SOURCE))
    if name not in COVERED:
        assert home_of(path).exists(), f"write {home_of(path).relative_to(TESTS.parent)}"


@pytest.mark.parametrize("name", COVERED)
def test_each_exception_is_still_one(name):
    assert SOURCE / name in LOGICAL
    assert not home_of(SOURCE / name).exists(), "it has a test file of its own now"
    assert (TESTS / COVERED[name]).exists()


def test_every_test_file_belongs_to_something():
    strangers = [
        str(path.relative_to(TESTS))
        for path in sorted(TESTS.rglob("test_*.py"))
        if path.parent
        not in {TESTS, TESTS / "journeys", TESTS / "strictness", TESTS / "fuzz", TESTS / "conformance"}
        and not (SOURCE / path.relative_to(TESTS).parent / path.name.removeprefix("test_")).exists()
        and str(path.relative_to(TESTS)) not in COVERED.values()
    ]
    assert not strangers
