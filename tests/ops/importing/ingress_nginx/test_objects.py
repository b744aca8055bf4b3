import pytest
from tests.ops.importing.samples import INGRESS

from yett.ops.importing import ours
from yett.ops.importing.ingress_nginx import convert
from yett.ops.importing.model import Draft

ONE = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, annotations: {{{annotations}}}}}
spec:
  rules:
    - host: {host}
      http: {{paths: [{{path: '{path}', pathType: {kind}, backend: {{service: {{name: a, port: {{number: 80}}}}}}}}]}}
"""


def one(name="a", host="a.example.org", path="/", kind="Prefix", **annotations):
    said = ", ".join(
        f"nginx.ingress.kubernetes.io/{key.replace('_', '-')}: '{value}'"
        for key, value in annotations.items()
    )
    return ONE.format(name=name, host=host, path=path, kind=kind, annotations=said)


def converted(*texts):
    draft = Draft()
    convert([(f"{number}.yaml", text) for number, text in enumerate(texts)], draft, hostname="")
    return draft


def said(table):
    return {line.key: line.value for line in table.lines}


def mappings(*texts):
    return [said(each) for each in converted(*texts).items("proxy.mapping")]


def test_objects_become_mappings_with_what_is_behind_them():
    draft = converted(INGRESS)
    shop, wiki, legacy = sorted(
        draft.items("proxy.mapping"), key=lambda each: str(each.get("app")).replace("wiki", "y")
    )
    assert said(wiki) == {
        "app": "wiki",
        "host": "wiki.example.org",
        "service": "http://wiki.docs.svc.cluster.local:8000",
        "groups": ["staff", "wiki"],
        "response_timeout": "2m",
        "idle_timeout": "2m",
        "max_body": 8 << 20,
    }
    assert {inner.name: said(inner) for inner in wiki.inner} == {
        "proxy.mapping.request_headers": {"set": ["X-Auth-Request-User: {user}"]},
        "proxy.mapping.canary": {"service": "http://wiki-next.docs.svc.cluster.local:80", "weight": 10.0},
    }
    assert (legacy.get("path"), legacy.get("match")) == ("/legacy*/**", "pattern")
    assert shop.get("public") is True
    assert said(shop.inner[0]) == {"to": "https://shop.example.com/", "status": 301, "keep_path": False}
    assert draft.section("service").get("hostname") == "auth.example.org"
    assert {each.value for each in draft.open_ends} >= {"1", "X-Auth-Request-Access-Token"}


def test_what_nothing_guarded_is_public():
    (found,) = mappings(one())
    assert found["public"] is True


@pytest.mark.parametrize(
    "guard",
    [{"auth_type": "basic"}, {"auth_tls_secret": "x/y"}, {"whitelist_source_range": "10.0.0.0/8"},
     {"configuration_snippet": "deny all;"}, {"auth_url": "https://x/?scope=read:all"},
     {"auth_url": "https://x/?allowed_emails=a@b"}, {"auth_url": "http://[x"}, {"enable_global_auth": "true"}],
)  # fmt: skip
def test_a_guard_without_equivalent_lets_nobody_in(guard):
    (found,) = mappings(one(**guard))
    assert found["groups"] == [ours.NOBODY]
    assert "public" not in found


def test_a_guarded_path_that_cannot_be_said_closes_what_is_more_open_beside_it():
    guarded = one(
        "b", path="/adm[a-z]+", kind="ImplementationSpecific", auth_url="https://x/?allowed_groups=staff"
    )
    open_one, elsewhere = mappings(one(), guarded, one("c", host="c.example.org"))
    assert open_one["groups"] == [ours.NOBODY]
    assert "public" not in open_one
    assert elsewhere["public"] is True


@pytest.mark.parametrize(
    ("path", "kind", "annotations", "found"),
    [
        ("/", "Prefix", {}, ("/", "")),
        ("/a", "Prefix", {}, ("/a", "")),
        ("/a", "Exact", {}, ("/a", "exact")),
        ("/a", "ImplementationSpecific", {}, ("/a*/**", "pattern")),
        ("/a(/|$)(.*)", "ImplementationSpecific", {"use_regex": "true"}, ("/a", "")),
        ("/a/?(.*)", "ImplementationSpecific", {"use_regex": "true"}, ("/a*/**", "pattern")),
        ("/a", "Prefix", {"use_regex": "true"}, ("/a*/**", "pattern")),
    ],
)
def test_paths_are_compared_as_nginx_did(path, kind, annotations, found):
    (mapping,) = mappings(one(path=path, kind=kind, **annotations))
    assert (mapping.get("path", "/"), mapping.get("match", "")) == found


def test_lists_and_objects_of_other_kinds_are_read():
    listed = "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}]"
    draft = converted(listed, one())
    assert len(list(draft.items("proxy.mapping"))) == 1
    assert "ConfigMap default/x" in [each.key for each in draft.leftovers]


def test_nothing_raises_for_values_of_the_wrong_kind():
    for spec in (
        "5",
        "[]",
        "{rules: x}",
        "{rules: [5]}",
        "{rules: [{host: 5, http: []}]}",
        "{rules: [{host: a.b, http: {paths: [x]}}]}",
    ):
        converted(f"apiVersion: v1\nkind: Ingress\nmetadata: {{name: [1], annotations: 5}}\nspec: {spec}")
    converted(
        one(path="/" + "a" * 3000),
        one(host="x" * 300),
        one(proxy_body_size="many", limit_rps="-1", canary_weight="x"),
    )
