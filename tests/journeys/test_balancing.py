"""Several real servers behind one mapping: they fail, come back, are drained, and nobody notices."""

import subprocess

import pytest
from tests.journeys.gateway import APP, until
from tests.ports import free_port

NGINX = """
daemon off; master_process off; worker_processes 1; error_log {folder}/error.log; pid {folder}/pid;
events {{ worker_connections 64; }}
http {{
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; access_log off;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "{name}"; }} }}
}}
"""

MAPPING = """
[[proxy.mapping]]
app = "{app}"
host = "{host}"
path = "/{app}"
public = true
pool = "{pool}"
{more}
"""

POOLS = """
[[proxy.pool]]
name = "web"
strategy = "round_robin"
backend = [
  {{ name = "one", service = "http://127.0.0.1:{one}" }},
  {{ name = "two", service = "http://127.0.0.1:{two}" }},
]
health = {{ interval = "100ms", timeout = "1s", unhealthy_after = 2, healthy_after = 1 }}

[[proxy.pool]]
name = "dead"
backend = [{{ service = "http://127.0.0.1:{dead}" }}]
circuit = {{ minimum_requests = 2, open_for = "1h" }}

[[proxy.pool]]
name = "slow"
backend = [{{ service = "http://127.0.0.1:{two}" }}]
limit = {{ rate = 0.01, burst = 1 }}
"""

DOWN = "backend health state changed — healthy to unhealthy"
UP = "backend health state changed — unhealthy to healthy"


class Server:
    """An nginx that answers with its name, and can be killed and started again."""

    def __init__(self, folder, name):
        self.port = free_port()
        self._folder = folder / name
        self._folder.mkdir()
        config = NGINX.format(folder=self._folder, port=self.port, name=name)
        (self._folder / "nginx.conf").write_text(config)
        self._process = None

    def start(self):
        words = ["/usr/sbin/nginx", "-p", str(self._folder), "-c", str(self._folder / "nginx.conf")]
        self._process = subprocess.Popen(words, stderr=subprocess.DEVNULL)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)


@pytest.fixture
def servers(tmp_path):
    made = [Server(tmp_path, name) for name in ("one", "two")]
    for server in made:
        server.start()
    yield made
    for server in made:
        server.kill()


@pytest.fixture
def balanced(make_gateway, servers):
    dead = free_port()
    spare = f'fallback = "http://127.0.0.1:{dead}"'
    invalid = 'fallback = "http://127.0.0.1:99999"'
    mappings = "".join(
        MAPPING.format(app=app, host=APP, pool=pool, more=more)
        for app, pool, more in (
            ("web", "web", ""),
            ("dead", "dead", ""),
            ("slow", "slow", invalid),
            ("spare", "web", spare),
            ("saved", "dead", f'fallback = "http://127.0.0.1:{servers[1].port}"'),
        )
    )
    pools = POOLS.format(one=servers[0].port, two=servers[1].port, dead=dead)
    return make_gateway(mappings=mappings + pools, telemetry='log_level = "trace"').start()


def said(gateway, message, count=1):
    """The records of that message, once there are so many."""

    def found():
        records = [each for each in gateway.records() if each["msg"] == message]
        return records if len(records) >= count else None

    return until(found, what=message)


def answers(gateway, count=6, path="/web"):
    pages = [gateway.fetch("GET", APP, path) for _ in range(count)]
    assert [page.status for page in pages] == [200] * count
    return {page.body.decode() for page in pages}


def test_servers_fail_and_come_back_and_are_drained_behind_one_mapping(balanced, servers):
    assert answers(balanced) == {"one", "two"}

    servers[0].kill()
    said(balanced, DOWN)
    assert answers(balanced) == {"two"}

    servers[0].start()
    said(balanced, UP)
    assert answers(balanced) == {"one", "two"}

    balanced.run("admin", "proxy", "drain", "web", "two")
    assert answers(balanced) == {"one"}
    assert "draining" in balanced.run("admin", "proxy", "backends", "--pool", "web")

    # A reload with other settings for the pool does not bring a drained backend back.
    balanced.write(mappings=balanced.mappings.replace('"round_robin"', '"random"'))
    until(lambda: "Config reload successful" in balanced.output.read_text())
    assert answers(balanced) == {"one"}

    servers[0].kill()
    said(balanced, DOWN, 2)
    page = balanced.fetch("GET", APP, "/web")
    assert page.status == 503
    assert "web is not available" in page.text
    said(balanced, "No backend available")
    assert balanced.fetch("GET", APP, "/spare").status == 502
    said(balanced, "fallback service error")

    balanced.run("admin", "proxy", "undrain", "web", "two")
    assert answers(balanced) == {"two"}
    records = said(balanced, "Request completed", 33)
    upstreams = {each["upstream"] for each in records if each["status"] == 200}
    assert {f"127.0.0.1:{server.port}" for server in servers} <= upstreams


def test_a_pool_protects_its_backends_and_a_fallback_its_visitors(balanced):
    assert [balanced.fetch("GET", APP, "/dead").status for _ in range(3)] == [502, 502, 503]
    (opened,) = said(balanced, "Circuit breaker open")
    assert (opened["app"], opened["pool_id"]) == ("dead", "dead")
    assert answers(balanced, 2, "/saved") == {"two"}
    assert len(said(balanced, "fallback activated", 2)) == 2

    assert [balanced.fetch("GET", APP, "/slow").status for _ in range(2)] == [200, 429]
    (invalid,) = said(balanced, "Invalid fallback URL")
    assert invalid["level"] == "ERROR"
