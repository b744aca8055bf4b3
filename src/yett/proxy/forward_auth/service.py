"""Forward-auth over HTTP: which path is which question, who may ask, and the answer on the wire.

The gate asks here before anything else when a request is for the sign-in host. There is no framework
in between: a proxy asks once for each of its own requests, and waits for the answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from yett.events import current_scope
from yett.kernel import Clock
from yett.net.http import Answer, Connection, Decision, Request, Serve
from yett.net.pages import once, parse_fields
from yett.net.trust import Networks
from yett.proxy import answers
from yett.proxy.forward_auth import events, original
from yett.proxy.forward_auth.config import ForwardAuthSettings
from yett.proxy.forward_auth.deciding import Decider, place_of
from yett.proxy.forward_auth.dialects.authelia import Authelia
from yett.proxy.forward_auth.dialects.envoy import CHECK, Envoy
from yett.proxy.forward_auth.dialects.gafaelfawr import Gafaelfawr
from yett.proxy.forward_auth.dialects.oauth2_proxy import OAuth2Proxy, UserInfo, narrowed, onward
from yett.proxy.forward_auth.grpc import Checks
from yett.proxy.forward_auth.holders import Holders, Tokens
from yett.proxy.forward_auth.model import Asked, Demand, Malformed, Refused
from yett.proxy.forward_auth.original import Fields
from yett.proxy.forward_auth.parameters import demand_of
from yett.proxy.forward_auth.policy import Policy
from yett.proxy.forward_auth.saying import Dialect, Question
from yett.proxy.forward_auth.told import Told
from yett.sessions import SessionSettings
from yett.tokens import TokensSettings

NAME = "forward auth"
_EXT_AUTHZ = "/api/authz/ext-authz"
_MOST_REMEMBERED = 1024
_ANYBODY = Demand()
_NOT_ALLOWED = Answer(405, b"", headers=b"Allow: GET, HEAD\r\n")

Asking = Callable[[Request], Decision | Awaitable[Decision] | None]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that it goes by."""

    own: ForwardAuthSettings
    tokens: TokensSettings
    sessions: SessionSettings


class ForwardAuth:
    """Every question of every dialect."""

    def __init__(
        self,
        tokens: Tokens,
        holders: Holders,
        settings: Settings,
        clock: Clock,
        *,
        origin: str,
        sign_in_host: str,
        refuse_unrecorded: Callable[[], bool],
    ) -> None:
        """`origin` is what browsers call the sign-in host: "https://name", with the port unless it is 443."""
        self._origin = origin
        self._realm = sign_in_host
        self._refuse_unrecorded = refuse_unrecorded
        self._demands: dict[bytes, Demand | Malformed] = {}
        self._decider = Decider(tokens, holders, place_of(settings.tokens, settings.sessions), clock)
        self._checks = Checks(self.check, lambda: self._trusted)
        self._handlers: dict[str, Asking] = {
            "/ingress/auth": self._ingress_auth,
            "/ingress/anonymous": self._ingress_anonymous,
            "/api/authz/forward-auth": self._forwarded,
            "/api/authz/auth-request": self._auth_request,
            _EXT_AUTHZ: self._ext_authz,
            "/api/verify": self._verify,
            "/oauth2/auth": self._oauth2_auth,
            "/oauth2/userinfo": self._oauth2_userinfo,
            CHECK: self._check,
        }
        self._public: dict[str, str] = {
            "/oauth2/start": "/login",
            "/oauth2/sign_in": "/login",
            "/oauth2/sign_out": "/logout",
        }
        self.apply(settings)

    def apply(self, settings: Settings) -> None:
        """Go by these settings from the next question on."""
        own = settings.own
        self._answers_here = own.on_sign_in_host
        self._trusted = Networks(own.trusted)
        self._policy = Policy(own.rule)
        self._decider.place = place = place_of(settings.tokens, settings.sessions)
        self._gafaelfawr = Gafaelfawr(self._origin, self._realm, place.cookie, place.domain)
        self._authelia = Authelia(self._origin, self._realm, place.domain, cookie=place.cookie)
        self._for_nginx = Authelia(self._origin, self._realm, place.domain, redirects=False)
        self._oauth2_proxy = OAuth2Proxy()
        self._user_info = UserInfo()
        self._envoy = Envoy(self._origin, self._realm, place.cookie, place.domain)

    # Being asked.

    def on_sign_in_host(self, request: Request) -> Decision | Awaitable[Decision] | None:
        """The answer to a question that came to the sign-in host; None for every other request."""
        return self.answer(request) if self._answers_here else None

    def answer(self, request: Request) -> Decision | Awaitable[Decision] | None:
        """The answer to a question; None for what is none, or nobody's who may ask."""
        path = request.path
        ask = self._handlers.get(path)
        if ask is None:
            if path in self._public:
                return self._onward(request, self._public[path])
            if not path.startswith(_EXT_AUTHZ + "/"):
                return None
            ask = self._ext_authz
        asker = _asker(request.connection)
        if asker not in self._trusted:
            events.asker_untrusted(path=path, asker=asker)
            return None
        request.note = NAME
        return ask(request)

    # Each form of a question.

    def _ingress_auth(self, request: Request) -> Answer | Awaitable[Answer]:
        if request.method != b"GET" and request.method != b"HEAD":  # noqa: PLR1714 - faster so
            return _NOT_ALLOWED
        query = request.target.partition(b"?")[2]
        # What one location of a proxy asks for is the same each time.
        demand = self._demands.get(query)
        if demand is None:
            demand = demand_of(query)
            if len(self._demands) >= _MOST_REMEMBERED:
                self._demands.clear()
            self._demands[query] = demand
        asked = original.from_original(Fields(request.lines), self._trusted)
        for found in (demand, asked):
            if isinstance(found, Malformed):
                return _malformed(self._gafaelfawr, found).to_answer()
        return self._decide(request, self._gafaelfawr, asked, demand, query=query, has_options=True)  # type: ignore[arg-type]  # neither is malformed

    def _ingress_anonymous(self, request: Request) -> Answer:
        asked = original.bare(Fields(request.lines))
        return self._gafaelfawr.passed(asked, _ANYBODY, None).to_answer()

    def _forwarded(self, request: Request) -> Answer | Awaitable[Answer]:
        asked = original.from_forwarded(Fields(request.lines), self._trusted)
        return self._by_rules(request, self._authelia, asked)

    def _auth_request(self, request: Request) -> Answer | Awaitable[Answer]:
        asked = original.from_original(Fields(request.lines), self._trusted)
        return self._by_rules(request, self._for_nginx, asked)

    def _ext_authz(self, request: Request) -> Answer | Awaitable[Answer]:
        # Envoy repeats the request as it is, below a path of ours.
        uri = request.target.decode("latin-1").removeprefix(_EXT_AUTHZ)
        port = f":{request.port}" if request.port else ""
        asked = original.from_forwarded(
            Fields(request.lines),
            self._trusted,
            method=request.method.decode("ascii"),
            host=f"{request.host}{port}",
            uri=uri if uri.startswith("/") else f"/{uri}",
        )
        return self._by_rules(request, self._authelia, asked)

    def _verify(self, request: Request) -> Answer | Awaitable[Answer]:
        fields = Fields(request.lines)
        asked = original.from_either(fields, self._trusted)
        is_nginx = bool(fields.all(b"x-original-url"))
        return self._by_rules(request, self._for_nginx if is_nginx else self._authelia, asked)

    def _oauth2_auth(self, request: Request) -> Answer | Awaitable[Answer]:
        dialect = self._oauth2_proxy
        asked = original.from_either(Fields(request.lines), self._trusted)
        if isinstance(asked, Malformed):
            return _malformed(dialect, asked).to_answer()
        demand = self._policy.find(asked)
        if isinstance(demand, Refused):
            return self._decide(request, dialect, asked, demand)
        narrow = narrowed(demand, request.target.partition(b"?")[2])
        if isinstance(narrow, Malformed):
            return _malformed(dialect, narrow).to_answer()
        return self._decide(request, dialect, asked, narrow)

    def _oauth2_userinfo(self, request: Request) -> Answer | Awaitable[Answer]:
        return self._decide(request, self._user_info, original.bare(Fields(request.lines)), _ANYBODY)

    def _onward(self, request: Request, page: str) -> Answer:
        """From a page of oauth2-proxy to ours. Everybody may go there: where to is judged on arrival."""
        request.note = NAME
        fields = Fields(request.lines)
        query = once(parse_fields(request.target.partition(b"?")[2]) or ()) or {}
        wanted = query.get("rd") or fields.one(b"x-auth-request-redirect") or ""
        host = fields.one(b"x-forwarded-host") or request.host
        if isinstance(wanted, Malformed) or isinstance(host, Malformed):
            return _NOT_UNDERSTOOD
        return onward(self._origin, page, wanted, host).to_answer()

    def _check(self, request: Request) -> Decision:  # noqa: ARG002 - the same for each request
        return Serve(self._checks, max_body=Checks.MOST)

    async def check(self, asked: Asked | Malformed, extensions: Mapping[str, str]) -> Told:
        """The answer to a question of Envoy, which came as a message."""
        dialect = self._envoy
        if isinstance(asked, Malformed):
            return _malformed(dialect, asked)
        demand: Demand | Refused | Malformed
        if "parameters" in extensions:
            demand = demand_of(extensions["parameters"].encode("latin-1", "replace"))
            if isinstance(demand, Malformed):
                return _malformed(dialect, demand)
        else:
            demand = self._policy.find(asked)
        if asked.client:
            current_scope().client_address = asked.client
        told = self._ask(Question(dialect, asked, _ANYBODY, "POST", self._realm, CHECK), demand)
        if not isinstance(told, Told):
            told = await told
        return _UNRECORDED if current_scope().unrecorded and self._refuse_unrecorded() else told

    # Deciding.

    def _by_rules(
        self, request: Request, dialect: "Authelia", asked: Asked | Malformed
    ) -> Answer | Awaitable[Answer]:
        if isinstance(asked, Malformed):
            return _malformed(dialect, asked).to_answer()
        return self._decide(request, dialect, asked, self._policy.find(asked))

    def _decide(
        self,
        request: Request,
        dialect: Dialect,
        asked: Asked,
        demand: Demand | Refused,
        *,
        query: bytes = b"",
        has_options: bool = False,
    ) -> Answer | Awaitable[Answer]:
        question = Question(
            dialect,
            asked,
            _ANYBODY,
            request.method.decode("ascii"),
            request.host,
            request.path,
            query.decode("ascii"),
            has_options,
        )
        if asked.client:
            request.scope.client_address = asked.client
        told = self._ask(question, demand)
        return self._written(told) if isinstance(told, Told) else self._later(told)

    def _ask(self, question: Question, demand: Demand | Refused) -> Told | Awaitable[Told]:
        if isinstance(demand, Refused):
            return self._decider.refuse(question, demand)
        question.demand = demand
        return self._decider.decide(question)

    async def _later(self, told: Awaitable[Told]) -> Answer:
        return self._written(await told)

    def _written(self, told: Told) -> Answer:
        """The answer, or a refusal when its audit record could not be written and that matters."""
        scope = current_scope()
        if scope.unrecorded and self._refuse_unrecorded():
            return answers.unrecorded(scope.request_id)
        return told.to_answer()


def _malformed(dialect: Dialect, malformed: Malformed) -> Told:
    """A proxy is not set up as it should be: its operator has to hear of it."""
    events.question_malformed(dialect=dialect.name, field=malformed.place[1], error=malformed.text)
    return dialect.malformed(malformed)


def _asker(connection: Connection) -> str:
    """Who asks: the proxy itself, not whoever it says it speaks for."""
    return connection.via if connection.is_believed and connection.via else connection.client_address


_UNRECORDED = Told(
    503, [(b"Cache-Control", b"no-store")], b"503 Service Unavailable\n", b"text/plain; charset=utf-8"
)
"""No audit record of a decision could be written."""
_NOT_UNDERSTOOD = Answer(400, b"This link cannot be understood\n", b"text/plain; charset=utf-8")
