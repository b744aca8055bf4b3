from datetime import timedelta

import pytest
from tests.proxy.conftest import mapping, pool

from yett.proxy import compile_routes, events
from yett.proxy.balancing.config import DiscoverySettings, HealthSettings, OutlierSettings
from yett.proxy.balancing.health import CheckKind
from yett.proxy.config import RedirectSettings
from yett.proxy.doubts import doubts_about, doubts_about_pool


def route(**changes):
    return compile_routes((mapping(**changes),), "id.example").routes[0]


def redirect(to, **changes):
    return route(service="", redirect=RedirectSettings(to=to), **changes)


def discovery(**changes):
    return DiscoverySettings(**{"hostname": "web.internal", "port": 8080, **changes})


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (route(public=True), "everybody may enter"),
        (redirect("/x"), "in circles"),
        (redirect("https://wiki.example.test/old/new", path="/old"), "in circles"),
        (redirect("/old", path="/old"), "in circles"),
    ],
)
def test_what_is_rarely_meant_is_pointed_out(made, words):
    (problem,) = doubts_about(made)
    assert words in problem


@pytest.mark.parametrize("made", [route(), redirect("/new", path="/old"), redirect("https://other.example")])
def test_nothing_is_said_about_the_rest(made):
    assert list(doubts_about(made)) == []


@pytest.mark.parametrize(
    ("changes", "say", "words"),
    [
        (
            {"outlier": OutlierSettings(consecutive=0, stdev_factor=0, failure_percentage=0)},
            events.outliers_questionable,
            "every detector is off",
        ),
        (
            {"outlier": OutlierSettings(max_ejected_percent=0)},
            events.outliers_questionable,
            "never|ever ejected",
        ),
        (
            {"outlier": OutlierSettings(max_ejection=timedelta(seconds=1))},
            events.outliers_questionable,
            "shorter than base_ejection",
        ),
        ({"outlier": OutlierSettings()}, events.outliers_questionable, "fewer backends"),
        ({"discovery": discovery(refresh=timedelta(seconds=1))}, events.discovery_questionable, "refresh"),
        ({"discovery": discovery(tls=True, port=80)}, events.discovery_questionable, "tls is on"),
        ({"discovery": discovery(port=443)}, events.discovery_questionable, "tls is off"),
        ({"discovery": discovery()}, events.discovery_questionable, "no health table"),
        (
            {"health": HealthSettings(timeout=timedelta(seconds=10))},
            events.health_questionable,
            "not shorter",
        ),
        (
            {"health": HealthSettings(type=CheckKind.TCP, path="/x")},
            events.health_questionable,
            "http checks",
        ),
        ({"health": HealthSettings(expect=("200-599",))}, events.health_questionable, "5xx"),
        ({"health": HealthSettings(healthy_after=90)}, events.health_questionable, "come back late"),
    ],
)
def test_doubtful_tables_of_a_pool_are_said_under_their_own_names(changes, say, words):
    found = [problem for who, problem in doubts_about_pool(pool("web", 81, 82, **changes)) if who is say]
    assert any(part in problem for problem in found for part in words.split("|"))


def test_one_backend_is_compared_with_nothing():
    ((_, problem),) = doubts_about_pool(pool("web", 81, outlier=OutlierSettings()))
    assert "one backend" in problem


def test_a_usual_pool_raises_no_doubts():
    usual = pool("web", 81, 82, 83, 84, 85, outlier=OutlierSettings(), health=HealthSettings())
    assert list(doubts_about_pool(usual)) == []


async def test_doubts_are_said_when_settings_are_taken_over(place, heard):
    bad = pool(
        "web",
        81,
        outlier=OutlierSettings(max_ejected_percent=0),
        health=HealthSettings(expect=("500",)),
        discovery=discovery(port=443),
    )
    assert place.apply(pool=(bad,))
    for say in (events.outliers_questionable, events.health_questionable, events.discovery_questionable):
        assert any(said is say and fields["pool_id"] == "web" for said, fields in heard("proxy")), say
    heard.forget()
    assert place.apply(pool=())
    assert not heard("proxy.health_check", "proxy.outlier_detection", "proxy.dns_discovery")
