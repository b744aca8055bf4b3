"""Decisions of the device grant, row by row."""

from dataclasses import replace

import pytest
from tests.oidc.device.conftest import CLI, GRANT_TYPE, TV
from tests.signin.conftest import ADA

from yett.oidc.device import DeviceGrantSettings, check_device_clients
from yett.oidc.device.model import Asked, Fault, Presented
from yett.oidc.device.rules import may_confirm, read_authorization, read_token_request

CLIENTS = {"cli": CLI, "tv": TV}


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({"client_id": "cli"}, Asked("cli", "read write")),
        ({"client_id": "cli", "scope": "write"}, Asked("cli", "write")),
        ({"client_id": "cli", "scope": "write write"}, Asked("cli", "write")),
        ({"client_id": "tv"}, Asked("tv", "")),
        ({"client_id": "tv", "scope": "read"}, Fault.INVALID_SCOPE),
        ({"client_id": "cli", "scope": " "}, Fault.INVALID_SCOPE),
        ({"client_id": "nobody"}, Fault.INVALID_CLIENT),
        ({}, Fault.INVALID_CLIENT),
    ],
)
def test_a_known_program_asks_for_scopes_of_its_own(fields, read):
    assert read_authorization(fields, CLIENTS) == read


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({"grant_type": GRANT_TYPE, "client_id": "cli", "device_code": "x"}, Presented("cli", "x")),
        ({"grant_type": GRANT_TYPE, "client_id": "cli"}, Fault.INVALID_REQUEST),
        ({"grant_type": GRANT_TYPE, "device_code": "x"}, Fault.INVALID_CLIENT),
        ({"grant_type": "authorization_code", "client_id": "cli"}, Fault.UNSUPPORTED_GRANT_TYPE),
        ({}, Fault.INVALID_REQUEST),
    ],
)
def test_a_request_for_a_token_names_grant_client_and_code(fields, read):
    assert read_token_request(fields, CLIENTS) == read


def test_a_program_of_a_group_is_for_its_members():
    assert may_confirm(CLI, ADA)
    assert may_confirm(TV, replace(ADA, groups=()))
    assert not may_confirm(CLI, replace(ADA, groups=("wiki",)))
    assert not may_confirm(TV, replace(ADA, is_disabled=True))


def test_each_program_has_an_id_of_its_own():
    assert list(check_device_clients(DeviceGrantSettings(client=(CLI, TV)))) == []
    (mistake,) = check_device_clients(DeviceGrantSettings(client=(CLI, TV, CLI)))
    assert (mistake.key, mistake.value) == ("oidc.device.client", "cli")


def test_a_programs_tokens_are_only_good_for_an_application_if_that_is_written_down():
    settings = DeviceGrantSettings(client=(CLI, TV))
    (mistake,) = check_device_clients(settings, {"tv", CLI.audience})
    assert (mistake.key, mistake.value) == ("oidc.device.client[tv].audience", "")
    assert list(check_device_clients(settings, {"cli"})) == []
