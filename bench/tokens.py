"""What a provider of tokens is asked: is this one good, what for this code, may they pass; beside npm's oidc-provider.

All providers run on one processor and are asked by the same program in the same words: the client proves itself
with a secret in the header, codes carry PKCE, access tokens and ID tokens are signed with ES256. Ours keeps what it
gave out in its store on disk, and every step in its log and its audit log. Theirs is measured twice: with everything
in the memory of its process, which ends with it, and with Redis beside it on the same processor, as operators run it.
Neither of them writes down what was done.
"""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from tests.journeys.gateway import Visitor
from tests.journeys.test_oidc_provider import hidden

from bench import report
from bench.gateway import Door
from bench.load import Run, timed
from bench.peers import free_port, wait_for

_CLIENT, _SECRET = "bench", "Qm3Vx8Lt5Rw1Zk7Nc4Jb9Hs2Fd6Gp0Ya"
_CALLBACK = "https://client.example.net/callback"
_HOST = "auth.bench.localhost"
_TRIES = 3
_PASSWORD = "correct horse 7 staple"
_MODULES = Path(sys.executable).parent.parent / "peers" / "npm" / "node_modules"
_VERIFIER = "benchmark-verifier-0123456789-0123456789-0123456789"
_CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
_ASKED = urlencode(
    {
        "response_type": "code", "client_id": _CLIENT, "redirect_uri": _CALLBACK, "scope": "openid", "state": "bench",
        "nonce": "bench", "code_challenge": _CHALLENGE, "code_challenge_method": "S256",
    }
)  # fmt: skip
_BASIC = "Basic " + base64.b64encode(f"{_CLIENT}:{_SECRET}".encode()).decode()
_CONFIGURATION = """
[service]
hostname = "{host}"
port = {port}
network_interface = "127.0.0.1"
tls = false
[cluster]
cluster_path = "{data}"
[telemetry]
format = "json"
[oidc]
requests_per_minute = 1000000
[oidc.exchange]
max_per_client = 10000000
[[oidc.client]]
id = "{client}"
secret = "{secret}"
redirect_uris = ["{callback}"]
scopes = ["openid"]
grants = ["authorization_code"]
consent = "implicit"
access_lifetime = "1h"
id_token_algorithm = "ES256"
[tokens]
enabled = true
cookie_domain = "bench.localhost"
[[tokens.scope]]
name = "read:all"
groups = ["staff"]
[forward_auth]
enabled = true
on_sign_in_host = false
listen = "127.0.0.1:{asked}"
"""
_RESULT = """
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    summary.errors.status, latency:percentile(50), latency:percentile(99)))
end
"""
_FOUND = re.compile(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)")
_INTROSPECTION = """
wrk.method = "POST"
wrk.body = "token=" .. TOKEN
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = BASIC
function response(status, headers, body)
  if not string.find(body, '"active":true', 1, true) then error("not active: " .. body) end
end
"""
_CODES = """
-- Ask for codes, and keep them in a file.
local file = io.open(CODES, "w")
function request()
  return wrk.format("GET", ASKED, {Host = HOST, Cookie = COOKIE})
end
function response(status, headers, body)
  local location = headers["Location"] or headers["location"]
  local code = location and string.match(location, "[?&]code=([^&]+)")
  if not code then error("no code: " .. status .. " " .. body) end
  file:write(code, "\\n")
  file:flush()
end
"""
_EXCHANGES = """
-- Each code of the file once; whoever runs out of them shows it by errors.
local codes = {}
for code in io.lines(CODES) do codes[#codes + 1] = code end
local at = 0
function request()
  at = at + 1
  return wrk.format("POST", TOKENS, {Host = HOST, Authorization = BASIC,
    ["Content-Type"] = "application/x-www-form-urlencoded"}, FORM .. (codes[at] or "none"))
end
function response(status, headers, body)
  if status == 200 and not string.find(body, "id_token") then error("no tokens: " .. body) end
end
"""
_PAIRS = """
-- One thread is one browser and its client: ask for a code, then for what it is worth.
local code
function request()
  if code then
    local body = FORM .. code
    code = nil
    return wrk.format("POST", TOKENS, {Host = HOST, Authorization = BASIC,
      ["Content-Type"] = "application/x-www-form-urlencoded"}, body)
  end
  return wrk.format("GET", ASKED, {Host = HOST, Cookie = COOKIE})
end
function response(status, headers, body)
  local location = headers["Location"] or headers["location"]
  if location then code = string.match(location, "[?&]code=([^&]+)") end
  if status == 200 and not string.find(body, "id_token") then error("no tokens: " .. body) end
  if status ~= 200 and not code then error("no code: " .. status .. " " .. body) end
end
"""


@dataclass(frozen=True)
class Provider:
    """A provider under measurement, and what its browser and its client hold."""

    name: str
    port: int
    pids: tuple[int, ...]
    host: str
    paths: dict[str, str]
    cookie: str
    token: str
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    """The port where other proxies ask."""


def measure(rounds: int, seconds: int, *, load_core: int, core: int) -> report.Results:
    """Both tables of providers, and decisions for other proxies."""
    results: report.Results = {}
    with tempfile.TemporaryDirectory(prefix="yett-bench-") as name:
        folder = Path(name)
        (folder / "redis").mkdir()
        with (
            _yett(folder / "yett", core=core) as ours,
            _peer("npm oidc-provider", core=core) as theirs,
            _redis(folder / "redis", core=core) as redis,
            _peer("npm oidc-provider, with Redis", core=core, redis=redis) as lasting,
        ):
            for title, run, goal in (
                ("introspection", _introspect, True),
                ("tokens for a code", _exchanges, True),
                ("a code, and tokens for it", _pairs, False),
            ):
                providers = (ours, theirs, lasting)
                runs: dict[str, list[Run]] = {each.name: [] for each in providers}
                # Once unmeasured: a compiler at run time has to see what it is to be good at.
                for each in providers:
                    run(each, folder, load_core, 1)
                for number in range(rounds):
                    for each in providers if number % 2 else reversed(providers):
                        runs[each.name].append(run(each, folder, load_core, seconds))
                report.table(f"Tokens, {title}, one core", runs, yardstick=theirs.name)
                if goal:
                    for peer in (theirs, lasting):
                        results |= report.compare(
                            f"Tokens: {title}: Yett beside {peer.name}", runs[ours.name], runs[peer.name], 1.0
                        )
            decisions = {
                kind: [_decide(ours, headers, folder, load_core, seconds) for _ in range(rounds)]
                for kind, headers in (
                    ("cookie", {"Cookie": ours.headers["Cookie"]}),
                    ("bearer", {"Authorization": ours.headers["Authorization"]}),
                )
            }
            report.table("Forward-auth decisions, one core", decisions, yardstick="cookie")
            rates = {
                kind: sorted(run.rate for run in runs)[len(runs) // 2] for kind, runs in decisions.items()
            }
            results |= _figure("Forward-auth decisions, cookie", rates["cookie"], 6000)
            results |= _figure("Forward-auth decisions, bearer", rates["bearer"], 6000)
        ours_rate = results[f"Tokens: introspection: Yett beside {theirs.name}"]["ours"]
        results |= _figure("Tokens: introspections", ours_rate, 1500)
    return results


class _RanOut(Exception):
    """Some were refused: there was nothing left to ask with."""


def _figure(what: str, rate: float, goal: int) -> report.Results:
    return {what: {"ours": round(rate), "unit": "a second", "goal": goal}}


def _introspect(of: Provider, folder: Path, core: int, seconds: int) -> Run:
    script = f"TOKEN = {json.dumps(quote(of.token))}\nBASIC = {json.dumps(_BASIC)}\n" + _INTROSPECTION
    return _wrk(of, script, of.paths["introspection"], folder, core, seconds, threads=1, connections=32)


def _exchanges(of: Provider, folder: Path, core: int, seconds: int) -> Run:
    # Codes are made first, more than can be used up, and are not measured.
    for _ in range(_TRIES):
        _wrk(of, _said(of, folder) + _CODES, "/", folder, core, 3 * seconds, threads=1, connections=16)
        with contextlib.suppress(_RanOut):
            return _wrk(
                of, _said(of, folder) + _EXCHANGES, "/", folder, core, seconds, threads=1, connections=16
            )
        seconds = max(1, seconds // 2)
    raise RuntimeError(f"{of.name} exchanges codes faster than it makes them")


def _said(of: Provider, folder: Path) -> str:
    form = urlencode(
        {"grant_type": "authorization_code", "redirect_uri": _CALLBACK, "code_verifier": _VERIFIER}
    )
    said = {
        "FORM": f"{form}&code=", "TOKENS": of.paths["token"], "ASKED": f"{of.paths['authorization']}?{_ASKED}",
        "HOST": of.host, "BASIC": _BASIC, "COOKIE": of.cookie, "CODES": str(folder / "codes"),
    }  # fmt: skip
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in said.items())


def _pairs(of: Provider, folder: Path, core: int, seconds: int) -> Run:
    run = _wrk(of, _said(of, folder) + _PAIRS, "/", folder, core, seconds, threads=16, connections=16)
    # Two requests are one exchange; a redirect is no error.
    return Run(run.rate / 2, 0, run.p50_ms, run.p99_ms, run.cpu_us * 2)


def _decide(of: Provider, headers: dict[str, str], folder: Path, core: int, seconds: int) -> Run:
    script = "".join(
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n" for name, value in headers.items()
    )
    script += 'wrk.headers["X-Original-Method"] = "GET"\n'
    script += 'wrk.headers["X-Original-URL"] = "https://wiki.bench.localhost/page?a=b"\n'
    script += f'wrk.headers["Host"] = "{of.host}"\n'
    return _wrk(
        of,
        script,
        "/ingress/auth?scope=read:all",
        folder,
        core,
        seconds,
        threads=1,
        connections=32,
        port=of.asked,
    )


def _wrk(
    of: Provider,
    script: str,
    path: str,
    folder: Path,
    core: int,
    seconds: int,
    *,
    threads: int,
    connections: int,
    port: int = 0,
) -> Run:
    (folder / "tokens.lua").write_text(script + _RESULT)
    command = ["taskset", "-c", str(core), "wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s"]
    command += ["-s", str(folder / "tokens.lua"), "-H", f"Host: {of.host}"]
    output, used = timed([*command, f"http://127.0.0.1:{port or of.port}{path}"], lambda: of.pids, seconds)
    found = _FOUND.search(output)
    if found is None:
        raise RuntimeError(f"wrk said: {output}")
    requests, micros, broken, bad, p50, p99 = map(int, found.groups())
    if threads == 1 and bad and bad < requests:
        # Redirects count as good.
        raise _RanOut(f"{of.name} refused {bad} of {requests} requests to {path}")
    return Run(requests / (micros / 1e6), broken, p50 / 1000, p99 / 1000, used / max(requests, 1) * 1e6)


# Ours.


@contextlib.contextmanager
def _yett(folder: Path, *, core: int) -> Iterator[Provider]:
    folder.mkdir(parents=True)
    port, asked = free_port(), free_port()
    config = folder / "yett.toml"
    config.write_text(
        _CONFIGURATION.format(
            host=_HOST,
            port=port,
            asked=asked,
            data=folder / "data",
            client=_CLIENT,
            secret=_SECRET,
            callback=_CALLBACK,
        )
    )
    program = [str(Path(sys.executable).with_name("yett")), "--config", str(config)]
    subprocess.run(
        [*program, "users", "add", "alice", "--group", "staff", "--password-stdin"],
        input=_PASSWORD + "\n", text=True, check=True, capture_output=True,
    )  # fmt: skip
    with (folder / "stdout").open("wb") as out:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *program, "serve"], stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_for(port, process)
        yield _signed_in(port, asked, process.pid)
    except Exception as problem:
        # Nothing is hidden: it goes on, with what the gateway said before its folder is gone.
        raise RuntimeError(f"{problem}\n{(folder / 'stdout').read_text()[-2000:]}") from problem
    finally:
        process.terminate()
        process.wait(timeout=40)


def _signed_in(port: int, asked: int, pid: int) -> Provider:
    visitor = Visitor(Door(port, is_tls=False), app_host=_HOST, sign_in_host=_HOST)
    page = visitor.get("/signin", _HOST)
    visitor.go("POST", _HOST, "/signin", form=hidden(page) | {"name": "alice", "password": _PASSWORD})
    cookie = _jar(visitor.cookies[_HOST])
    visitor.get(f"/login?rd={quote(f'https://{_HOST}/profile')}", _HOST)
    held = next(value for name, value in visitor.cookies[_HOST].items() if "yett-token" in name)
    name = next(name for name in visitor.cookies[_HOST] if "yett-token" in name)
    paths = {"authorization": "/oidc/authorize", "token": "/oidc/token", "introspection": "/oidc/introspect"}
    token = _token(port, _HOST, paths, cookie)
    shown = {"Cookie": f"{name}={held}", "Authorization": f"Bearer {held}"}
    return Provider("Yett", port, (pid,), _HOST, paths, cookie, token, shown, asked)


# Theirs.


@dataclass(frozen=True)
class _Redis:
    """A server that keeps things."""

    port: int
    pid: int


@contextlib.contextmanager
def _redis(folder: Path, *, core: int) -> Iterator[_Redis]:
    port = free_port()
    wish = f"bind 127.0.0.1\nport {port}\ndir {folder}\nsave ''\nappendonly yes\nappendfsync everysec\n"
    (folder / "redis.conf").write_text(wish)
    process = subprocess.Popen(
        ["taskset", "-c", str(core), "redis-server", str(folder / "redis.conf")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(port, process)
        yield _Redis(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextlib.contextmanager
def _peer(name: str, *, core: int, redis: _Redis | None = None) -> Iterator[Provider]:
    port = free_port()
    wish = {
        "modules": str(_MODULES),
        "port": port,
        "client": _CLIENT,
        "secret": _SECRET,
        "callback": _CALLBACK,
        "redis": redis.port if redis is not None else 0,
    }
    process = subprocess.Popen(
        ["taskset", "-c", str(core), "node", str(Path(__file__).parent / "provider.mjs"), json.dumps(wish)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "NODE_ENV": "production"},
    )  # fmt: skip
    try:
        wait_for(port, process)
        host = f"127.0.0.1:{port}"
        cookies: dict[str, str] = {}
        address = f"/auth?{_ASKED}"
        while not address.startswith(_CALLBACK):
            answer = _ask(
                port, "GET", address.removeprefix(f"http://{host}"), {"Host": host, "Cookie": _jar(cookies)}
            )
            for line in answer.headers.get_all("Set-Cookie") or []:
                cookie, _, value = line.partition(";")[0].partition("=")
                cookies[cookie] = value
            address = answer.headers["Location"]
        kept = {cookie: value for cookie, value in cookies.items() if cookie.startswith("_session")}
        paths = {"authorization": "/auth", "token": "/token", "introspection": "/token/introspection"}
        token = _token(port, host, paths, _jar(kept), more="&resource=urn:kept")
        pids = (process.pid,) if redis is None else (process.pid, redis.pid)
        yield Provider(name, port, pids, host, paths, _jar(kept), token)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _jar(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items() if value)


class _Answer(NamedTuple):
    """What came back, read to its end."""

    status: int
    headers: http.client.HTTPMessage
    text: str


def _ask(port: int, method: str, path: str, headers: dict[str, str], body: str | None = None) -> _Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return _Answer(answer.status, answer.headers, answer.read().decode())
    finally:
        connection.close()


def _token(port: int, host: str, paths: dict[str, str], cookie: str, *, more: str = "") -> str:
    """One access token, the way that will be measured."""
    answer = _ask(port, "GET", f"{paths['authorization']}?{_ASKED}{more}", {"Host": host, "Cookie": cookie})
    code = parse_qs(urlsplit(answer.headers["Location"] or "").query).get("code", [""])[0]
    form = urlencode(
        {
            "grant_type": "authorization_code",
            "redirect_uri": _CALLBACK,
            "code_verifier": _VERIFIER,
            "code": code,
        }
    )
    headers = {"Host": host, "Authorization": _BASIC, "Content-Type": "application/x-www-form-urlencoded"}
    said = json.loads(_ask(port, "POST", paths["token"], headers, form).text)
    return str(said["access_token"])
