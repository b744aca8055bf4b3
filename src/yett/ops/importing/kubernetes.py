"""Objects of Kubernetes: gathered from files and lists, with the ports of services by their names."""

from dataclasses import dataclass, field
from typing import Any

from yett.ops.importing import documents, words
from yett.ops.importing.model import Draft
from yett.ops.importing.source import Source

_LISTS = frozenset({"List", "IngressList", "ServiceList", "GafaelfawrIngressList"})
_MOST = 10_000


@dataclass(slots=True)
class Objects:
    """What files hold."""

    ingresses: list[Source] = field(default_factory=list)
    gafaelfawr: list[Source] = field(default_factory=list)
    settings: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Documents that are no objects, with the file's name."""
    ports: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """By namespace, service and the port's name."""


def gather(files: list[tuple[str, str]], draft: Draft) -> Objects:
    """The objects in these files (name and text)."""
    found = Objects()
    waiting = [(name, document) for name, text in files for document in documents.yaml_of(text, name)]
    seen = 0
    while waiting and seen < _MOST:
        seen += 1
        name, document = waiting.pop(0)
        if not isinstance(document, dict):
            raise documents.Unreadable(f"{name} holds no table")
        kind = document.get("kind")
        if kind in _LISTS and isinstance(document.get("items"), list):
            waiting[:0] = [(name, each) for each in document["items"] if isinstance(each, dict)]
        elif not isinstance(kind, str) or "apiVersion" not in document:
            found.settings.append((name, document))
        elif kind == "Ingress":
            found.ingresses.append(Source(document, draft, _label(document)))
        elif kind.startswith("Gafaelfawr"):
            found.gafaelfawr.append(Source(document, draft, _label(document)))
        elif kind == "Service":
            _add_ports(found, Source(document, Draft()))
        else:
            draft.settled(_label(document), kind, "says nothing about who may reach what")
    return found


def _label(document: dict[str, Any]) -> str:
    namespace, name = names_of(document)
    return f"{document.get('kind')} {namespace}/{name}"


def names_of(document: dict[str, Any]) -> tuple[str, str]:
    """Namespace and name of an object."""
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    namespace, name = metadata.get("namespace"), metadata.get("name")
    return (
        namespace if isinstance(namespace, str) and namespace else "default",
        name if isinstance(name, str) and name else "unnamed",
    )


def _add_ports(found: Objects, source: Source) -> None:
    namespace, name = names_of(source.table)
    for port in source.sub("spec").each("ports"):
        number = port.number("port")
        if number:
            found.ports[namespace, name, port.text("name")] = int(number)


@dataclass(frozen=True, slots=True)
class Backend:
    """A service of the cluster."""

    host: str
    port: int
    is_guessed: bool = False
    """Whether the port was only a name that no object explained."""


def backend_of(source: Source, namespace: str, ports: dict[tuple[str, str, str], int]) -> Backend | None:
    """The service behind a path; None when it is none that has an address."""
    service = source.sub("service")
    name = service.text("name") or source.text("serviceName")
    port = service.sub("port")
    number = port.number("number") if port.has("number") else None
    text = port.text("name") or source.text("servicePort")
    if text.isdecimal():
        number = float(text)
    if number is None:
        number = ports.get((namespace, name, text))
    host = f"{name}.{namespace}.svc.cluster.local"
    if not name or words.host_of(host) != host or (number is not None and not 0 < number < 65536):
        return None
    return Backend(host, int(number) if number is not None else 80, is_guessed=number is None)
