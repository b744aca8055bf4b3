"""What the load balancer says in the log.

`latency` is in milliseconds, every other span in seconds.
"""

from typing import Protocol

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Address, Detail, Error, Name, User
from yett.proxy.balancing.circuit import CircuitState, Combine
from yett.proxy.balancing.model import BackendProtocol
from yett.proxy.balancing.outliers import EjectReason
from yett.proxy.balancing.strategies import StrategyName


class BackendTrouble(Protocol):
    """Any event that tells which backend something failed for."""

    def __call__(self, pool_id: str, backend_id: str, error: str) -> None: ...


# Pools.


@event("loadbalancer", INFO, "pool created")
def pool_created(
    pool_id: Name,
    strategy: StrategyName,
    backends_count: int,
    health_check_enabled: bool,
    circuit_breaker_enabled: bool,
    outlier_detection_enabled: bool,
) -> None:
    """A pool is in use, from the settings or by command. Nothing to do."""


@event("loadbalancer", INFO, "pool deleted")
def pool_deleted(pool_id: Name) -> None:
    """A pool is gone; requests of mappings that still name it are refused with 503."""


@event("loadbalancer", INFO, "pool updated")
def pool_updated(pool_id: Name) -> None:
    """A pool was given other settings. Backends that stayed keep what is known about them."""


@event("loadbalancer", INFO, "backend added")
def backend_added(pool_id: Name, backend_id: Name, address: Address) -> None:
    """A backend takes requests from now on. Nothing to do."""


@event("loadbalancer", INFO, "backend removed")
def backend_removed(pool_id: Name, backend_id: Name) -> None:
    """A backend gets no more requests; those it has are let finish."""


@event("loadbalancer", INFO, "backend draining")
def backend_draining(pool_id: Name, backend_id: Name) -> None:
    """A backend gets no new requests until `proxy undrain`. Take it down when its connections are gone."""


@event("loadbalancer", INFO, "backend no longer draining")
def backend_undrained(pool_id: Name, backend_id: Name) -> None:
    """A drained backend takes requests again. Nothing to do."""


@event("loadbalancer", WARN, "failed to initialize circuit state")
def circuit_init_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """The pool works; other nodes learn of this circuit when it first changes. Look at the store."""


@event("loadbalancer", WARN, "failed to initialize outlier state")
def outlier_init_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """The pool works; other nodes learn of this backend's standing when it first changes. Look at the store."""


@event("loadbalancer", ERROR, "failed to check pool existence")
def pool_check_failed(pool_id: Name, error: Error) -> None:
    """A pool of the settings works on this node alone; one made by command was not made. Look at the store."""


@event("loadbalancer", ERROR, "failed to store pool config")
def pool_store_failed(pool_id: Name, error: Error) -> None:
    """A pool of the settings works on this node alone; one made by command was not made. Look at the store."""


@event("loadbalancer", ERROR, "failed to get pool for deletion")
def pool_get_for_delete_failed(pool_id: Name, error: Error) -> None:
    """The pool was not deleted. Look at the store, then try again."""


@event("loadbalancer", ERROR, "failed to delete pool")
def pool_delete_failed(pool_id: Name, error: Error) -> None:
    """The pool was not deleted. Look at the store, then try again."""


@event("loadbalancer", ERROR, "failed to get pool")
def pool_get_failed(pool_id: Name, error: Error) -> None:
    """What was shown is what this node remembers; others may have changed it. Look at the store."""


@event("loadbalancer", ERROR, "failed to list pools")
def pools_list_failed(error: Error) -> None:
    """Pools work as this node knows them; what others changed is not seen. Look at the store."""


@event("loadbalancer", ERROR, "failed to get pool for update")
def pool_get_for_update_failed(pool_id: Name, error: Error) -> None:
    """New settings of a pool count on this node alone; a change by command was not made. Look at the store."""


@event("loadbalancer", ERROR, "failed to update pool")
def pool_update_failed(pool_id: Name, error: Error) -> None:
    """New settings of a pool count on this node alone; a change by command was not made. Look at the store."""


@event("loadbalancer", ERROR, "failed to get pool for add backend")
def pool_get_for_add_failed(pool_id: Name, error: Error) -> None:
    """The backend was not added. Look at the store, then try again."""


@event("loadbalancer", ERROR, "failed to add backend")
def backend_add_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """The backend was not added. Look at the store, then try again."""


@event("loadbalancer", ERROR, "failed to get pool for remove backend")
def pool_get_for_remove_failed(pool_id: Name, error: Error) -> None:
    """The backend was not removed. Look at the store, then try again."""


@event("loadbalancer", ERROR, "failed to remove backend")
def backend_remove_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """The backend was not removed. Look at the store, then try again."""


@event("loadbalancer", ERROR, "failed to get health state for drain")
def drain_get_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """The backend still takes requests. Look at the store, then try again."""


@event("loadbalancer", ERROR, "failed to update health state for drain")
def drain_update_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """The backend still takes requests. Look at the store, then try again."""


@event("loadbalancer", WARN, "stored state cannot be read")
def state_unreadable(key: Detail, error: Error) -> None:
    """Something else wrote to the balancer's records, or a newer version did. The record is left out.

    Have all nodes run the same version.
    """


# Selection.


@event("loadbalancer", DEBUG, "backends excluded from selection")
def backends_excluded(pool_id: Name, total_backends: int, healthy_backends: int, excluded: int) -> None:
    """Some backends may not be used: unhealthy, draining, ejected, or behind an open circuit."""


@event("loadbalancer", DEBUG, "backend selected")
def backend_selected(
    pool_id: Name, backend_id: Name, strategy: StrategyName, healthy_backends: int, latency: float
) -> None:
    """Which backend a request goes to, and how long choosing took. Nothing to do."""


# Health.


@event("loadbalancer", INFO, "backend health state changed — unhealthy to healthy")
def backend_recovered(pool_id: Name, backend_id: Name, consecutive_ok: int, latency: float) -> None:
    """A backend passes its checks again and takes requests. Nothing to do."""


@event("loadbalancer", WARN, "backend health state changed — healthy to unhealthy")
def backend_failed(pool_id: Name, backend_id: Name, consecutive_fails: int, error: Error) -> None:
    """A backend failed its checks and gets no more requests until it passes them again. Look at the backend."""


@event("loadbalancer", DEBUG, "health check passed")
def check_passed(pool_id: Name, backend_id: Name, consecutive_ok: int, latency: float) -> None:
    """One check. Nothing to do."""


@event("loadbalancer", DEBUG, "health check failed")
def check_failed(pool_id: Name, backend_id: Name, consecutive_fails: int, error: Error) -> None:
    """One check. When enough fail in a row, that is said at WARN."""


@event("loadbalancer", ERROR, "failed to store health state")
def health_store_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """This node acts on what it saw; the others do not know of it. It is tried again. Look at the store."""


# Circuits.


@event("loadbalancer", INFO, "circuit breaker state changed")
def circuit_changed(
    pool_id: Name, backend_id: Name, from_state: CircuitState, to_state: CircuitState, error_ratio: float
) -> None:
    """To open: the backend did badly and gets no requests for a while. Look at the backend."""


@event("loadbalancer", INFO, "per-protocol circuit breaker state changed")
def protocol_circuit_changed(
    pool_id: Name,
    backend_id: Name,
    protocol: BackendProtocol,
    from_state: CircuitState,
    to_state: CircuitState,
    error_ratio: float,
) -> None:
    """The same for one protocol only; requests in others still go to the backend."""


@event("loadbalancer", INFO, "circuit breaker reset")
def circuit_reset(pool_id: Name, backend_id: Name, reset_by: Detail) -> None:
    """An operator closed the circuits of a backend. Nothing to do."""


@event("loadbalancer", WARN, "circuit breaker expression compilation failed")
def expression_invalid(pool_id: Name, expression: Name, error: Error) -> None:
    """The trip rule cannot be read, so the thresholds decide. Mend the pool's `circuit.expression`."""


@event("loadbalancer", WARN, "circuit breaker expression evaluation failed")
def expression_failed(pool_id: Name, backend_id: Name, expression: Name, error: Error) -> None:
    """The trip rule asks for something that is not known now, so the thresholds decide meanwhile.

    A rule about latency has no answer while a backend answers nothing at all: join it with one about
    `error_rate`, before it. Correct the rule.
    """


@event("loadbalancer", DEBUG, "circuit breaker threshold evaluation")
def thresholds_evaluated(
    pool_id: Name,
    backend_id: Name,
    combine_mode: Combine,
    conditions_met: int,
    error_ratio: float,
    error_threshold: float,
    p95_latency_ms: float,
    latency_threshold_ms: float,
    network_error_ratio: float,
    network_threshold: float,
) -> None:
    """What a circuit's conditions came to. A threshold of 0 is not looked at."""


@event("loadbalancer", ERROR, "failed to store circuit state")
def circuit_store_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """This node acts on it; the others do not know of it. It is tried again. Look at the store."""


@event("loadbalancer", ERROR, "failed to reset circuit")
def circuit_reset_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """The circuit was left as it was, so that all nodes agree. Look at the store, then try again."""


# Connections and limits.


@event("loadbalancer", ERROR, "failed to update connection count")
def connections_store_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """Requests go on; other nodes go by an older count of this one's. Look at the store."""


@event("loadbalancer", DEBUG, "rate limit exceeded")
def rate_limit_exceeded(
    pool_id: Name, user_id: User, limit: float, current_count: float, cost: float, retry_after: float
) -> None:
    """A request was refused with 429. If this happens to people at work, raise the pool's limit."""


@event("loadbalancer", ERROR, "failed to update rate limit state")
def limit_store_failed(pool_id: Name, key: Detail, error: Error) -> None:
    """Each node goes by its own count meanwhile, so more may pass than the limit says. Look at the store."""


# Outliers.


@event("loadbalancer", INFO, "backend ejected due to outlier detection")
def backend_ejected(
    pool_id: Name,
    backend_id: Name,
    reason: EjectReason,
    ejection_count: int,
    duration: float,
    re_admit_at: float,
) -> None:
    """A backend did worse than the others and is out until `re_admit_at` (seconds since the epoch). Look at it."""


@event("loadbalancer", INFO, "backend re-admitted after ejection period")
def backend_readmitted(pool_id: Name, backend_id: Name, total_ejections: int) -> None:
    """The backend takes requests again. If it is soon ejected again, look at it."""


@event("loadbalancer", INFO, "backend manually un-ejected")
def backend_unejected(pool_id: Name, backend_id: Name) -> None:
    """An operator ended an ejection early. Nothing to do."""


@event("loadbalancer", DEBUG, "outlier success rate analysis")
def success_rates_analysed(
    pool_id: Name,
    eligible_backends: int,
    avg_success_rate: float,
    stdev: float,
    threshold: float,
    stdev_factor: float,
) -> None:
    """How alike backends do. Those below the threshold are ejected."""


@event("loadbalancer", DEBUG, "outlier failure percentage analysis")
def failure_percentages_analysed(
    pool_id: Name, eligible_backends: int, threshold: float, ejected_count: int, max_ejectable: int
) -> None:
    """How many backends fail too often, and how many more may be out."""


@event("loadbalancer", ERROR, "failed to save outlier state")
def outlier_store_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """This node has ejected the backend; the others do not know of it. It is tried again. Look at the store."""


@event("loadbalancer", ERROR, "failed to save outlier state on re-admission")
def readmission_store_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """The backend is in again on this node; others re-admit it when its time is over. Look at the store."""


@event("loadbalancer", ERROR, "failed to reset outlier interval stats")
def interval_store_failed(pool_id: Name, backend_id: Name, error: Error) -> None:
    """The last interval's figures were not shared. This node's own are reset all the same. Look at the store."""


# DNS discovery.


@event("loadbalancer", INFO, "DNS discovery enabled")
def discovery_enabled(pool_id: Name, hostname: Name, refresh: float) -> None:
    """The addresses of a name are backends of this pool from now on. Nothing to do."""


@event("loadbalancer", INFO, "DNS discovery disabled")
def discovery_disabled(pool_id: Name) -> None:
    """Backends that were discovered stay until they are removed."""


@event("loadbalancer", INFO, "DNS discovery updated backends")
def discovery_updated(pool_id: Name, hostname: Name, total_ips: int, added: int, removed: int) -> None:
    """The name has other addresses than before. Nothing to do if that was meant."""


@event("loadbalancer", WARN, "DNS discovery resolution failed")
def discovery_failed(pool_id: Name, hostname: Name, error: Error) -> None:
    """No answer about the name; known backends stay. Look at the resolver."""


@event("loadbalancer", WARN, "DNS discovery returned no IPs")
def discovery_empty(pool_id: Name, hostname: Name) -> None:
    """The name has no addresses, which is rarely meant; known backends stay. Look at the name's records."""


@event("loadbalancer", WARN, "failed to add discovered backend")
def discovered_add_failed(pool_id: Name, ip: Name, error: Error) -> None:
    """One address was not made a backend; it is tried again at the next refresh. Look at the error if it lasts."""


@event("loadbalancer", WARN, "failed to remove discovered backend")
def discovered_remove_failed(pool_id: Name, ip: Name, error: Error) -> None:
    """One address is still a backend though the name does not have it; it is tried again at the next refresh.

    Look at the error if it lasts.
    """
