"""Declaring sections."""

import importlib
import pkgutil

import pytest
from tests.config.samples import SECTIONS, Door

import yett
from yett.config import catalogue, item, section, setting
from yett.config.forms import fields_of


def test_a_section_is_frozen_and_knows_its_name():
    assert Door.__section__ == "door"
    with pytest.raises(AttributeError):
        Door(host="a").port = 1


def test_declaring_what_nobody_can_use_fails_at_once():
    with pytest.raises(TypeError, match="is not a section name"):
        section("Not A Name")
    with pytest.raises(TypeError, match="without setting"):

        @item()
        class Bare:
            """Words."""

            key: str = "x"

    with pytest.raises(TypeError, match="no docstring"):

        @item()
        class Silent:
            key: str = setting("", "Key.")


def test_a_section_has_one_declaration():
    @section("only.once")
    class First:
        """Words."""

    try:
        with pytest.raises(TypeError, match="declared twice"):

            @section("only.once")
            class Second:
                """Words."""
    finally:
        del catalogue.sections["only.once"]
    assert First is not None


def test_every_declared_setting_has_a_type_that_can_be_written():
    for module in pkgutil.walk_packages(yett.__path__, "yett."):
        if module.name.endswith(".config"):
            importlib.import_module(module.name)
    for declared in (*catalogue.sections.values(), *SECTIONS):
        assert fields_of(declared.model) is not None
