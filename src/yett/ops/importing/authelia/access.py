"""access_control: rules in order, of which the first that fits decides.

An import never opens what was closed. Two things are said differently here, and both are settled on the closed side:

- There, who somebody is belongs to whether a rule fits, so that others go on to the next; here the first rule that is
  for a request decides, and whoever is not in its groups may not.
- There, hosts and paths are regular expressions. One that is not a plain path is not guessed at: a rule that lets in is
  left out where everything after it is at least as strict, and otherwise becomes one that lets nobody in.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from yett.ops.importing import ours, words
from yett.ops.importing.model import Draft
from yett.ops.importing.source import Source

_LEVELS = frozenset({"bypass", "one_factor", "two_factor", "deny"})
_ANY = "*"
_MOST_COMPARED = 1000
_SUFFIX = re.compile(r"\\\.((?:[a-z0-9-]+\\\.)+[a-z]{2,})\$$")
_LITERAL_HOST = re.compile(r"\^((?:[a-z0-9-]+\\\.)+[a-z]{2,})\$")
_BELOW = re.compile(r"\^\.[*+]\\\.((?:[a-z0-9-]+\\\.)+[a-z]{2,})\$")


@dataclass(slots=True)
class _Rule:
    """One rule of theirs, as far as it can be said here."""

    where: str
    level: str
    hosts: list[str] = field(default_factory=list)
    paths: list[tuple[str, bool]] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    has_subject: bool = False
    unsaid: list[str] = field(default_factory=list)
    """What it asks for besides, that cannot be said here; `hosts` are then at least those that were meant."""


def convert(source: Source, draft: Draft) -> None:
    """The rules of `access_control`."""
    if not source.table:
        return
    definitions = _definitions(source)
    rules = _merged(_read(each, definitions) for each in source.each("rules"))
    default = source.text("default_policy", "deny")
    default = default if default in _LEVELS else "deny"
    for number, rule in enumerate(rules):
        is_last_word = (
            default == "deny" and (rule.unsaid or rule.has_subject) and _stands_alone(number, rules)
        )
        _write(rule, draft, is_last_word=bool(is_last_word))
    if default != "deny":
        ours.rule(draft, ours.Rule(source.where("default_policy"), level=default))


def _merged(rules: Iterable[_Rule]) -> list[_Rule]:
    """Rules one after the other that are alike but for their groups are one rule for all these groups."""
    found: list[_Rule] = []
    for rule in rules:
        last = found[-1] if found else None
        if last is not None and rule.has_subject and _alike(last, rule):
            last.groups += rule.groups
            last.where += f", {rule.where}"
        else:
            found.append(rule)
    return found


def _alike(one: _Rule, other: _Rule) -> bool:
    return replace(one, where="", groups=[]) == replace(other, where="", groups=[])


def _stands_alone(number: int, rules: list[_Rule]) -> bool:
    """Whether no later rule is for any of the same requests. Of very many rules that is not looked at."""
    later = rules[number + 1 : number + 1 + _MOST_COMPARED]
    return len(rules) <= _MOST_COMPARED and not any(_meet(rules[number], each) for each in later)


def _definitions(source: Source) -> dict[str, list[str]]:
    """Networks by name."""
    found = {}
    for each in source.each("networks"):
        found[each.text("name")] = each.texts("networks")
    return found


def add_definitions(source: Source, networks: Source) -> None:
    """Let rules use the names that stand in `definitions.network` of newer versions."""
    known = source.table.setdefault("networks", [])
    for name in list(networks.table):
        if isinstance(known, list):
            known.append({"name": name, "networks": networks.texts(name)})


def _read(source: Source, definitions: dict[str, list[str]]) -> _Rule:
    level = source.text("policy", "deny")
    if level not in _LEVELS:
        source.draft.left(source.where("policy"), level, "is no policy; it counts as deny", "correct it")
    rule = _Rule(source.where(), level if level in _LEVELS else "deny")
    for text in source.texts("domain"):
        _add_host(rule, text)
    for text in source.texts("domain_regex"):
        _add_host_pattern(rule, text)
    for text in source.texts("resources"):
        paths = words.literal_paths(text)
        if paths is None:
            rule.unsaid.append(f"resources: {text}")
        else:
            rule.paths += paths
    rule.methods = [text.upper() for text in source.texts("methods")]
    for text in source.texts("networks"):
        for each in definitions.get(text, [text]):
            network = words.network_of(each)
            if network is None:
                rule.unsaid.append(f"networks: {each}")
            else:
                rule.networks.append(network)
    if source.take("query"):
        rule.unsaid.append("query")
    _add_subjects(rule, source.take("subject"), source)
    if not rule.hosts:
        rule.unsaid.append("no domain")
        rule.hosts = [_ANY]
    return rule


def _add_host(rule: _Rule, text: str) -> None:
    text = text.lower().rstrip(".")
    if text.startswith(("{user}.", "{group}.")):
        rule.unsaid.append(f"domain: {text}")
        text = f"*{text[text.index('.') :]}"
    name = text.removeprefix("*.")
    if text == _ANY or words.host_of(name) == name:
        rule.hosts.append(text)
    else:
        rule.unsaid.append(f"domain: {text}")
        rule.hosts.append(_ANY)


def _add_host_pattern(rule: _Rule, pattern: str) -> None:
    literal, below, suffix = (
        form.fullmatch(pattern) if form is not _SUFFIX else form.search(pattern)
        for form in (_LITERAL_HOST, _BELOW, _SUFFIX)
    )
    if literal is not None:
        rule.hosts.append(literal[1].replace("\\.", "."))
    elif below is not None:
        rule.hosts.append("*." + below[1].replace("\\.", "."))
    else:
        rule.unsaid.append(f"domain_regex: {pattern}")
        # Alternatives beside the end that was found could be hosts of anywhere.
        is_sure = suffix is not None and "|" not in pattern
        rule.hosts.append("*." + suffix[1].replace("\\.", ".") if suffix is not None and is_sure else _ANY)


def _add_subjects(rule: _Rule, subject: Any, source: Source) -> None:
    """Groups of which one is enough; a list inside the list means all of it at once."""
    if subject is None:
        return
    rule.has_subject = True
    for each in subject if isinstance(subject, list) else [subject]:
        together = each if isinstance(each, list) else [each]
        names = [str(name) for name in together]
        if len(names) == 1 and names[0].startswith("group:"):
            rule.groups += ours.groups(
                source.draft, source.where("subject"), [names[0].removeprefix("group:")]
            )
        else:
            source.draft.left(
                source.where("subject"),
                " and ".join(names),
                "rules ask for one of some groups",
                "make a group of whom it means, and add it to the rule",
            )


def _meet(rule: _Rule, other: _Rule) -> bool:
    """Whether a request may be one of both, as far as hosts tell."""
    return any(_is_within(a, b) or _is_within(b, a) for a in rule.hosts for b in other.hosts)


def _is_within(host: str, pattern: str) -> bool:
    if pattern in {_ANY, host}:
        return True
    return pattern.startswith("*.") and host.removeprefix("*").endswith(pattern[1:])


def _write(rule: _Rule, draft: Draft, *, is_last_word: bool) -> None:
    """The rule as ours. `is_last_word`: whoever it does not fit meets no other rule and is denied."""
    made = ours.Rule(rule.where, hosts=[] if _ANY in rule.hosts else rule.hosts, methods=rule.methods)
    made.networks = rule.networks
    if rule.unsaid:
        what = "; ".join(rule.unsaid)
        if rule.level == "bypass" or is_last_word:
            # Without it the rest decides, and none of that is more open than this was.
            draft.left(
                rule.where,
                what,
                "cannot be said here, so the rule is left out",
                "write a rule for what it means",
            )
            return
        draft.left(
            rule.where,
            what,
            "cannot be said here, so nobody may in its place",
            "write what it means, or remove it",
        )
        # What could be said beside it would let in more than it did: only where it stands is kept.
        ours.rule(
            draft, replace(made, source=f"{rule.where}, closed until somebody looks at it", networks=[])
        )
        return
    made.level = rule.level
    if rule.has_subject:
        _settle_subject(rule, made, draft, is_last_word=is_last_word)
    by_kind = {
        is_exact: [path for path, exact in rule.paths if exact is is_exact] for is_exact in (False, True)
    }
    for is_exact, paths in by_kind.items():
        if paths or (not rule.paths and not is_exact):
            ours.rule(draft, replace(made, paths=paths, is_exact=is_exact))


def _settle_subject(rule: _Rule, made: ours.Rule, draft: Draft, *, is_last_word: bool) -> None:
    if rule.level in {"bypass", "deny"}:
        # It was for some people only. Who they are is not known before they sign in, or nobody may at all.
        made.level = "one_factor" if rule.level == "bypass" else "deny"
        draft.left(
            rule.where,
            rule.level,
            "is for everybody or for nobody here, not for some people",
            "it became one_factor for these groups"
            if rule.level == "bypass"
            else "it denies everybody now: look at it",
        )
    made.groups = sorted(set(rule.groups)) or [ours.NOBODY]
    if not is_last_word and made.level != "deny":
        draft.left(
            rule.where,
            ", ".join(rule.groups),
            "whoever is not in these groups went on to later rules; here they may not",
            "add groups, or split the rule",
        )
