"""From the log to notices."""

from yett.events import WARN, Record, event
from yett.events.fields import Detail, Name, User
from yett.notify.notices.model import Severity
from yett.notify.notices.sink import NoticeSink, notice_of


@event("notices.test", WARN, "Something happened", audit=True)
def happened(user: User, thing: Name, why: Detail, count: int) -> None:
    """Only a test says it."""


def record(**scope):
    given = {"request_id": "r1", "client_address": "192.0.2.1", "user": "", **scope}
    return Record(
        happened.declaration, 1_800_000_000_500_000_000, given["request_id"], "", "", given["user"],
        given["client_address"], ("alice", "door", "it was open", 3),
    )  # fmt: skip


def test_fields_are_sorted_by_who_may_be_told():
    notice = notice_of(record(), "n1")
    assert notice.kind == "notices.test.happened"
    assert (notice.severity, notice.text, notice.user, notice.is_audit) == (
        Severity.WARN, "Something happened", "alice", True,
    )  # fmt: skip
    assert notice.fields == {"thing": "door", "count": 3}
    assert notice.personal == {"why": "it was open", "server.request.client_ip": "192.0.2.1"}
    assert (notice.at, notice.node, notice.request) == (1_800_000_000.5, "n1", "r1")


def test_what_nobody_wants_and_what_telling_itself_says_is_left_out():
    told, asked = [], []

    def wants(declaration):
        asked.append(declaration.code)
        return len(asked) < 2

    sink = NoticeSink(told.append, wants, lambda request_id: request_id == "own", "n1")
    sink.write([record(), record(request_id="own"), record()])
    assert len(told) == 2
    assert asked == ["notices.test.happened"]
    sink.forget()
    sink.write([record()])
    assert len(told) == 2
    sink.close()
