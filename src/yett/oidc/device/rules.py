"""Every decision of the device grant: values in, verdict out."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from yett.authn.device_code import GRANT_TYPE, Approval, NotMade, Polled
from yett.config import Mistake
from yett.identity import Person
from yett.identity.access import METHODS, assurance_of
from yett.oidc.clients import Client, is_within
from yett.oidc.device.config import DeviceClientSettings, DeviceGrantSettings
from yett.oidc.device.model import Asked, Fault, Presented
from yett.oidc.model import Unminted

Clients = Mapping[str, DeviceClientSettings]

FAULTS = {
    Polled.PENDING: Fault.AUTHORIZATION_PENDING,
    Polled.SLOW_DOWN: Fault.SLOW_DOWN,
    Polled.DENIED: Fault.ACCESS_DENIED,
    Polled.EXPIRED: Fault.EXPIRED_TOKEN,
    Polled.UNKNOWN: Fault.INVALID_GRANT,
    Polled.UNAVAILABLE: Fault.UNAVAILABLE,
}
NOT_MADE = {
    Unminted.KEY: NotMade.NOTHING,
    Unminted.PERSON: NotMade.NOBODY,
    Unminted.OVER: NotMade.NOBODY,
    Unminted.TOO_LONG: NotMade.UNFIT,
    Unminted.MALFORMED: NotMade.UNFIT,
    Unminted.NOT_KEPT: NotMade.NOTHING,
}


def check_device_clients(settings: DeviceGrantSettings, audiences: Collection[str] = ()) -> Iterator[Mistake]:
    """What is wrong with the programs of the settings, side by side.

    `audiences` are those of the tokens that applications get from the proxy, which are signed alike: an
    application cannot tell a program's from those of people whom the proxy has let in.
    """
    for client in settings.client:
        if not client.audience and client.id in audiences:
            reason = "its tokens would be good for the application of that name"
            advice = "set another audience, or this one in words if that is meant"
            yield Mistake(f"oidc.device.client[{client.id}].audience", "", reason, advice)
    for name, times in Counter(client.id for client in settings.client).items():
        if times > 1:
            yield Mistake("oidc.device.client", name, f"{times} clients have this id")


def read_authorization(fields: Mapping[str, str], clients: Clients) -> Asked | Fault:
    """The request for codes in a form (RFC 8628, section 3.1). Without a scope, all that the client may have."""
    client = clients.get(fields.get("client_id", ""))
    if client is None:
        return Fault.INVALID_CLIENT
    wanted = fields.get("scope", "").split(" ") if fields.get("scope") else list(client.scopes)
    if not set(client.scopes).issuperset(wanted):
        return Fault.INVALID_SCOPE
    return Asked(client.id, " ".join(dict.fromkeys(wanted)))


def read_token_request(fields: Mapping[str, str], clients: Clients) -> Presented | Fault:
    """The request for a token in a form (RFC 8628, section 3.4)."""
    grant_type = fields.get("grant_type", "")
    if grant_type != GRANT_TYPE:
        return Fault.UNSUPPORTED_GRANT_TYPE if grant_type else Fault.INVALID_REQUEST
    client = clients.get(fields.get("client_id", ""))
    if client is None:
        return Fault.INVALID_CLIENT
    device_code = fields.get("device_code", "")
    return Presented(client.id, device_code) if device_code else Fault.INVALID_REQUEST


def may_confirm(client: DeviceClientSettings, person: Person) -> bool:
    """Whether a person may confirm a program."""
    return not person.is_disabled and (not client.groups or not set(client.groups).isdisjoint(person.groups))


def is_near(client: Client, address: str) -> bool:
    """Whether people may confirm a client of the provider from where they are."""
    return not client.people_networks or is_within(address, client.people_networks)


def as_program(client: Client) -> DeviceClientSettings:
    """A client of the provider, as people see it when they are asked to confirm it."""
    return DeviceClientSettings(
        id=client.client_id,
        name=client.title,
        groups=tuple(sorted(client.groups)),
        scopes=tuple(sorted(client.scopes)),
        audience=client.audience,
        lifetime=client.lifetimes.access,
    )


def facts(approval: Approval, metadata: Mapping[str, str]) -> Mapping[str, str]:
    """How whoever confirmed had signed in, for tokens that are made later. `metadata` is what their session keeps."""
    return {
        "auth_time": str(approval.auth_time or 0.0),
        "methods": metadata.get(METHODS, ""),
        "assurance": assurance_of(metadata).value,
    }
