import pytest
from tests.coverage import ENTRIES
from tests.outcomes import fits, outcomes, wordings


def entry(message, *, note="", alternatives=(), component="a.b", levels=("INFO",), audit=False):
    made = {"message": message, "note": note, "component": component, "levels": list(levels), "audit": audit}
    return made | ({"alternatives": list(alternatives)} if alternatives else {})


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1, ["pool created"]),
        (67, ["Redirecting to internal OIDC provider", "Redirecting to external OIDC provider"]),
        (
            68,
            [
                "Failed to generate PKCE verifier",
                "Failed to generate CSRF token",
                "Failed to generate state encryption",
            ],
        ),
        (76, ["No username/session", "decryption failed (will re-mint)"]),
        (83, ["Relay started", "Relay ended"]),
        (127, ["Routing to stable backend", "Routing to canary backend"]),
        (232, ["kpasswd pipe failures", "kpasswd start failures", "kpasswd write failures"]),
        (293, ["OIDC provider initializing", "OIDC provider disabled"]),
        (296, ["Threshold signer unhealthy", "Threshold signer algorithm mismatch"]),
        (308, ["Signing key not loaded", "signing failed", "session failed"]),
        (371, ["Begin registration request", "finish registration request"]),
        (388, ["Loading passkeys", "storing passkeys"]),
        (477, [f"Failed to store serial index for {each} cert" for each in ("legacy", "active", "revoked")]),
        (480, ["Load/store operations", "format parsing"]),
        (733, ["Failed to check DPoP JTI", "Failed to store DPoP JTI"]),
        (906, ["Token refresh lifecycle", "userinfo refresh lifecycle"]),
        (1683, ["Ratelimit module call failures", "Ratelimit module response failures", "no fingerprint"]),
        (1814, [f"{each} failures" for each in ("Fetch", "generate", "store", "index", "delete")]),
        (1817, [f"Session {each} callback registered" for each in ("create", "delete", "delete_v2")]),
        (
            1975,
            [
                f"Key rotation {each}"
                for each in ("initiated", "deferred", "commit_all", "completed", "activated", "spk_completed")
            ],
        ),
    ],
)
def test_the_outcomes_of_an_entry_are_whole_messages(n, words):
    assert list(wordings(ENTRIES[n - 1])) == words


@pytest.mark.parametrize(
    ("documented", "message", "is_taken"),
    [
        (entry("pool created"), "pool created", True),
        (entry("pool created"), "Pool created", True),
        (entry("pool created"), "pool Created", False),
        (entry("pool created"), "pool created again", True),
        (entry("pool created"), "pool createds", False),
        (entry("pool created"), "a pool created", False),
        (entry("Lost (expected)", note="Remark: expected."), "Lost", True),
        (entry("Lost (expected)", note="Remark: expected."), "Lost (expected)", True),
        (entry("Lost (expected)"), "Lost", False),
        (entry("Lost <reason>"), "Lost", True),
        (entry("Found N keys in store", note="Placeholders: N."), "Found keys in store", True),
        (entry("Found N keys in store", note="Placeholders: N."), "Found N keys in store", True),
        (entry("Found N keys in store", note="Placeholders: N."), "Found", False),
        (entry("Gave up after trying N times", note="Placeholders: N."), "Gave up after trying", True),
        (entry("[%s] %s", component="console"), "[%s] %s", True),
        (entry("[%s] %s", component="console"), "[CONFIG] Loaded", False),
        (entry("[CONFIG] Git: ...", component="console"), "[CONFIG] Git: %s of %s", True),
        (entry("[CONFIG] Loading from %s now", component="console"), "[CONFIG] Loading from %v now", True),
        (entry("Failed: <err>", component="stderr"), "Failed: %s", True),
        (entry("clamping (< 1), so"), "clamping (< 1), so", True),
        (entry("(dynamic license enforcement message)"), "Anything", True),
        (entry("Errors", note="Dynamic message: the text is set at run time."), "Anything", True),
    ],
)
def test_a_message_is_taken_when_it_starts_with_the_documented_words(documented, message, is_taken):
    (outcome,) = outcomes(documented)
    assert (outcome.reach(message) >= 0) is is_taken


def test_the_documented_wording_itself_is_always_taken():
    for each in ENTRIES:
        for outcome, words in zip(outcomes(each), wordings(each), strict=True):
            assert outcome.reach(words) >= 0, each


@pytest.mark.parametrize(
    ("documented", "component", "level", "audit", "answer"),
    [
        (entry("x"), "a.b", "INFO", False, True),
        (entry("x"), "a.c", "INFO", False, False),
        (entry("x"), "a.b", "WARN", False, False),
        (entry("x"), "a.b", "INFO", True, False),
        (entry("x", levels=("DEBUG", "WARN")), "a.b", "WARN", False, True),
        (entry("x", component="a.*"), "a.b.c", "INFO", False, True),
        (entry("x", component="a.*"), "ab", "INFO", False, False),
        (entry("x", component="k8s"), "k8s.watch", "INFO", False, True),
        (entry("x", component="console", levels=()), "console", "INFO", False, False),
    ],
)
def test_an_event_belongs_where_component_level_and_mark_agree(documented, component, level, audit, answer):
    assert fits(documented, component, level, audit=audit) is answer
