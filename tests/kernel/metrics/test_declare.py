import pytest

from yett.kernel.metrics import Kind, catalogue, counter, gauge, histogram


@pytest.fixture(autouse=True)
def declarations():
    """What a test declares is not left in the catalogue."""
    before = dict(catalogue)
    yield
    catalogue.clear()
    catalogue.update(before)


def test_what_is_declared_is_in_the_catalogue():
    made = counter("yett_tests_total", "Tests.", "app")
    assert catalogue["yett_tests_total"] is made
    assert (made.kind, made.labels) == (Kind.COUNTER, ("app",))


def test_the_same_declaration_read_again_is_no_other():
    assert gauge("yett_tests", "Tests.") == gauge("yett_tests", "Tests.")


@pytest.mark.parametrize(
    "declare",
    [
        lambda: counter("yett_tests", "Tests."),
        lambda: gauge("yett_tests_total", "Tests."),
        lambda: histogram("yett_tests_count", "Tests."),
        lambda: histogram("yett_tests_bucket", "Tests."),
        lambda: gauge("tests", "Tests."),
        lambda: gauge("yett_Tests", "Tests."),
        lambda: gauge("yett_tests_", "Tests."),
        lambda: gauge("yett_tests", "No sentence"),
        lambda: gauge("yett_tests", "Tests.", "le"),
        lambda: gauge("yett_tests", "Tests.", "app", "app"),
        lambda: gauge("yett_tests", "Tests.", 'app"'),
        lambda: gauge("yett_sessions", "Something else of the same name."),
    ],
)
def test_what_breaks_the_conventions_is_refused(declare):
    gauge("yett_sessions", "Sessions that this node knows.")
    with pytest.raises(TypeError):
        declare()
