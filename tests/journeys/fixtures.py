"""One gateway, one application and one browser for all journeys that do not break them."""

import os

import pytest
from playwright.sync_api import sync_playwright
from tests.journeys.gateway import APP, MAPPING, Gateway
from tests.journeys.upstream import Upstream

SECOND = "lab.yett.localhost"


@pytest.fixture(scope="session")
def heard_folder(tmp_path_factory):
    """Where started gateways write down which events they said."""
    folder = os.environ.get("YETT_EVENTS_HEARD")
    return folder or str(tmp_path_factory.mktemp("heard"))


@pytest.fixture(scope="session")
def upstream():
    with Upstream() as running:
        yield running


@pytest.fixture
def make_gateway(tmp_path, upstream, heard_folder):
    """Gateways of a test's own, stopped at its end."""
    made = []

    def make(name="gateway", *, service=None, **more):
        mappings = MAPPING.format(
            app="Wiki", host=APP, service=service or f"http://127.0.0.1:{upstream.port}", groups='["staff"]'
        )
        gateway = Gateway(tmp_path / name, more.pop("mappings", mappings), heard=heard_folder, **more)
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.stop()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory, upstream, heard_folder):
    service = f"http://127.0.0.1:{upstream.port}"
    mappings = MAPPING.format(app="Wiki", host=APP, service=service, groups='["staff"]') + MAPPING.format(
        app="Lab", host=SECOND, service=service, groups='["staff", "lab"]'
    )
    made = Gateway(
        tmp_path_factory.mktemp("shared"), mappings, heard=heard_folder, telemetry='log_level = "trace"'
    )
    made.people()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def playwright():
    """What drives browsers; its loop runs in this thread, so there can be one only."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright):
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium",
        args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
              "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    )  # fmt: skip
    yield browser
    browser.close()


@pytest.fixture
def page(chromium):
    """A page in a browser profile of its own, without scripts: our pages need none."""
    context = chromium.new_context(ignore_https_errors=True, java_script_enabled=False)
    yield context.new_page()
    context.close()
