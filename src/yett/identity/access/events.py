"""What is said about access. Those who enforce a verdict say it: the proxy, the bastion, the tunnels."""

from yett.events import DEBUG, WARN, event
from yett.events.fields import App, Groups, Host, Name, Path
from yett.identity.access.model import Reason


@event("access", WARN, "Access denied", audit=True)
def denied(
    app: App,
    host: Host,
    path: Path,
    rule: Name,
    reason: Reason,
    groups_needed: Groups,
    groups_held: Groups,
) -> None:
    """A signed-in person asked for something the rule keeps from them.

    If they should have it, add them to one of the groups needed. `unknown_person` and `disabled`
    mean that a session outlived its person; it grants nothing, and it is being ended.
    """


@event("access", DEBUG, "Access allowed")
def allowed(app: App, host: Host, path: Path, rule: Name) -> None:
    """A rule let a request pass. Nothing to do; the access record of the request tells the rest."""
