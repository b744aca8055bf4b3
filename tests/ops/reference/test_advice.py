import importlib
import pkgutil
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ops.reference.samples import declaration

import yett
from yett.config.declare import catalogue as sections
from yett.config.forms import fields_of
from yett.events import ERROR, INFO, WARN, catalogue
from yett.kernel import Place, commands
from yett.kernel.metrics import catalogue as metrics
from yett.ops.reference import faults_of, halves

OTHERS_NAMES = {
    "yett_metrics_failed_sources",
    "error_rate",
    "acr_values",
    "backchannel_logout_uri",
    "dpop_jkt",
    "..",
}
"""Names in advice that are neither settings nor events nor fields."""


@pytest.mark.parametrize(
    ("advice", "meaning", "action"),
    [
        ("The disk is full. Make room.", "The disk is full.", "Make room."),
        ("It went well. Nothing to do.", "It went well.", "Nothing to do."),
        ("It went well.", "It went well.", ""),
        ("The random source failed; check the machine.", "The random source failed.", "Check the machine."),
        ("He left. If they are yours, raise `limit`. Or not.", "He left.", "If they are yours, raise `limit`. Or not."),
        ("Many try. Do not restart it. It is well.", "Many try.", "Do not restart it. It is well."),
        ("It failed. The error says what to mend.", "It failed.", "The error says what to mend."),
        ("It is kept. `yett audit verify` tells.", "It is kept.", "`yett audit verify` tells."),
        ("Set `kv`.", "", "Set `kv`."),
        ("The check-up is done.\n\nLook\nat it.", "The check-up is done.", "Look at it."),
        ("See-through glass broke.", "See-through glass broke.", ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_advice_has_two_halves(advice, meaning, action):
    assert halves(advice) == (meaning, action)


@given(st.text())
def test_any_text_is_parted_without_losing_a_word(advice):
    meaning, action = halves(advice)
    assert set(advice.lower().split()) - set(f"{meaning} {action}".lower().split()) <= {
        word for word in advice.lower().split() if word[-1:] in {";", ":"}
    }


@pytest.mark.parametrize(
    ("advice", "level", "fault"),
    [
        ("Broken", INFO, "no whole sentence"),
        ("It.", INFO, "no whole sentence"),
        ("The store failed and", INFO, "no whole sentence"),
        ("This is the message of a.b.c.", INFO, "only repeats the message"),
        ("The disk is full.", WARN, "does not say what to do"),
        ("The disk is full.", ERROR, "does not say what to do"),
        ("Make room on the disk.", WARN, "does not say what the event means"),
    ],
)
def test_advice_that_helps_nobody_is_refused(advice, level, fault):
    assert fault in "\n".join(faults_of(declaration("a.b.c", advice=advice, level=level)))


@pytest.mark.parametrize(
    ("advice", "level"), [("The disk is full.", INFO), ("The disk is full. Make room.", ERROR)]
)
def test_advice_that_helps_is_let_be(advice, level):
    assert faults_of(declaration("a.b.c", advice=advice, level=level)) == ()


# What is declared.


def ours():
    for module in pkgutil.walk_packages(yett.__path__, "yett."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
    return sorted(
        (each for each in catalogue.events.values() if each.module.startswith("yett.")),
        key=lambda each: each.code,
    )


def test_every_event_tells_its_operator_what_it_means_and_what_to_do():
    wanting = {each.code: faults_of(each) for each in ours()}
    assert {code: found for code, found in wanting.items() if found} == {}


def test_no_advice_is_boilerplate():
    events = ours()
    advice = [" ".join(each.advice.split()) for each in events]
    shared = {each for each in advice if advice.count(each) > 4}
    assert not shared


def settings():
    names = set()

    def walk(model, stem):
        for field in fields_of(model).values():
            names.update((field.name, f"{stem}.{field.name}"))
            if field.form.model is not None:
                walk(field.form.model, f"{stem}.{field.name}")

    for section in sections.sections.values():
        names.add(section.name)
        walk(section.model, section.name)
    return names


def test_whatever_advice_names_is_there():
    events = ours()
    known = settings() | OTHERS_NAMES | set(metrics)
    known |= {name for each in events for name in (each.code, each.component)}
    # `authn.x509.ocsp` may be called `x509.ocsp`.
    known |= {name[place + 1 :] for name in known for place, mark in enumerate(name) if mark == "."}
    lost = [
        f"{each.code}: {name}"
        for each in events
        for name in re.findall(r"`([a-z0-9_.]+)`", each.advice)
        if ("." in name or "_" in name)
        and name not in known
        and name
        not in {word for field in each.fields for word in (field.name, field.parameter, *field.values)}
    ]
    assert lost == []


def test_every_command_that_advice_names_can_be_typed():
    ours_by_place = {
        place: [path for path, each in commands.items() if each.place is place] for place in Place
    }
    lost = []
    for each in ours():
        for typed in re.findall(r"`yett ([^`]+)`", " ".join(each.advice.split())):
            words = typed.split()
            is_admin = words[0] == "admin"
            path = tuple(words[is_admin:])
            known = ours_by_place[Place.SERVER if is_admin else Place.HERE]
            if path and not any(path[: len(one)] == one for one in known):
                lost.append(f"{each.code}: yett {typed}")
    assert lost == []
