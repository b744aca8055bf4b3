"""What access by country and network says in the log."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Error, Name
from yett.guard.geo.config import OnFailure
from yett.guard.geo.model import Kind, Origin
from yett.guard.geo.rules import Reason

# Which country database is in use.


@event("geoaccess.init", INFO, "Geo access module initialized but DISABLED via config")
def disabled() -> None:
    """Nobody is kept out by country or network. Set `enabled` in [protection.geo] to change that."""


@event("geoaccess.init", WARN, "Geo database file not found, trying embedded database")
def country_file_missing(file: Name) -> None:
    """There is no file at `geo_database`. Put one there: it is taken into use without a restart."""


@event("geoaccess.init", WARN, "Failed to open geo database, trying embedded database")
def country_file_broken(file: Name, error: Error) -> None:
    """The file at `geo_database` cannot be read or is no country database. Replace it with a whole one."""


@event("geoaccess.init", INFO, "Geo database loaded successfully from external file")
def country_file_loaded(file: Name, built_at: int) -> None:
    """The file at `geo_database` is in use, from the start or since it changed.

    `built_at` tells when its makers built it, in seconds since the epoch.
    """


@event("geoaccess.init", ERROR, "Failed to load embedded geo database - DISABLING geo restrictions")
def country_embedded_broken(error: Error) -> None:
    """The installed database cannot be read: the installation is damaged. `on_failure` says what happens now.

    Set `geo_database` to a file of your own.
    """


@event(
    "geoaccess.init",
    WARN,
    "Using EMBEDDED geo database - may be outdated. Configure geo_database path for up-to-date data",
)
def country_embedded_used(built_at: int) -> None:
    """Networks move between countries every week. Get a current file and set `geo_database`."""


@event(
    "geoaccess.init", ERROR, "No geo database available (external or embedded) - DISABLING geo restrictions"
)
def country_none() -> None:
    """Countries cannot be told, so their lists are not enforced unless `on_failure` is "block".

    Set `geo_database` to an MMDB file that tells countries.
    """


# Which ASN database is in use.


@event("geoaccess.init", WARN, "ASN database file not found, trying embedded database")
def asn_file_missing(file: Name) -> None:
    """There is no file at `geo_asn_database`. Put one there: it is taken into use without a restart."""


@event("geoaccess.init", WARN, "Failed to open ASN database, trying embedded database")
def asn_file_broken(file: Name, error: Error) -> None:
    """The file at `geo_asn_database` cannot be read or tells no autonomous systems. Replace it."""


@event("geoaccess.init", INFO, "ASN database loaded successfully from external file")
def asn_file_loaded(file: Name, built_at: int) -> None:
    """The file at `geo_asn_database` is in use, from the start or since it changed.

    `built_at` tells when its makers built it, in seconds since the epoch.
    """


@event("geoaccess.init", WARN, "Failed to load embedded ASN database - ASN filtering disabled")
def asn_embedded_broken(error: Error) -> None:
    """The installed database cannot be read: the installation is damaged. `on_failure` says what happens now.

    Set `geo_asn_database` to a file of your own.
    """


@event(
    "geoaccess.init",
    WARN,
    "Using EMBEDDED ASN database - may be outdated. Configure geo_asn_database path for up-to-date data",
)
def asn_embedded_used(built_at: int) -> None:
    """Networks change hands every day. Get a current file and set `geo_asn_database`."""


@event("geoaccess.init", INFO, "No ASN database available - ASN filtering disabled")
def asn_none() -> None:
    """Nothing to do while no list names an autonomous system; otherwise set `geo_asn_database`."""


# Ready.


@event("geoaccess.init", INFO, "Geo access module initialized")
def initialized(countries: Origin, asns: Origin) -> None:
    """Requests are checked from now on. The fields tell which databases are in use."""


@event("geoaccess.init", WARN, "Lists are configured that no database can enforce")
def unenforceable(kind: Kind, on_failure: OnFailure) -> None:
    """With "allow" everybody passes these lists; with "block" nobody comes in but whom `bypass` lets through.

    Set the database of this kind, or empty the lists.
    """


# Following the files.


@event("geoaccess.reload", WARN, "Changed database cannot be used, keeping the one in use")
def kept(kind: Kind, file: Name, in_use: Origin, error: Error) -> None:
    """A file changed and is broken now; nothing else has changed. Replace it with a whole one."""


@event("geoaccess.reload", WARN, "Database file is gone, keeping the one in use")
def gone(kind: Kind, file: Name, in_use: Origin) -> None:
    """The file is missing, and what was read from it stays in use until the next start. Put it back."""


# Deciding.


@event("geoaccess.check", INFO, "Request blocked by ASN deny list")
def asn_denied(client_address: ClientAddress, country: Name, asn: int) -> None:
    """The address belongs to a network in `deny_asns`. Nothing to do, unless the person should come in."""


@event("geoaccess.check", INFO, "Request blocked - ASN not in allow list")
def asn_not_allowed(client_address: ClientAddress, country: Name, asn: int) -> None:
    """The address belongs to no network in `allow_asns`; 0 means that the database does not know it."""


@event("geoaccess.check", INFO, "Request blocked by country deny list")
def country_denied(client_address: ClientAddress, country: Name, asn: int) -> None:
    """The address lies in a country in `deny_countries`. Nothing to do, unless the person should come in."""


@event("geoaccess.check", INFO, "Request blocked - country not in allow list")
def country_not_allowed(client_address: ClientAddress, country: Name, asn: int) -> None:
    """The address lies in no country in `allow_countries`; empty means that the database does not know it."""


@event("geoaccess.check", WARN, "Request blocked - address could not be looked up")
def not_looked_up(client_address: ClientAddress, error: Error) -> None:
    """`on_failure` is "block", and a database that a list needs is missing or damaged. Repair it."""


BLOCKED = {
    Reason.ASN_DENIED: asn_denied,
    Reason.ASN_NOT_ALLOWED: asn_not_allowed,
    Reason.COUNTRY_DENIED: country_denied,
    Reason.COUNTRY_NOT_ALLOWED: country_not_allowed,
}
