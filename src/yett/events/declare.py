"""Declaring what the gateway can say.

An event is a decorated signature: the parameters are its fields, the docstring is advice to the
operator. Declaring compiles the signature into a function that returns at once while the event
is disabled, and otherwise hands one tuple of values to the pipeline.
"""

import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, cast

from yett.events.fields import Field, field_of
from yett.events.levels import Level

P = ParamSpec("P")
Q = ParamSpec("Q")

_COMPONENT = re.compile(r"[a-z0-9_]+(\.[a-z0-9_][a-zA-Z0-9_]*)*")


@dataclass(eq=False, slots=True)
class Declaration:
    """One event: what operators and their alert rules may rely on."""

    code: str
    component: str
    level: Level
    audit: bool
    message: str
    fields: tuple[Field, ...]
    advice: str
    module: str
    function: str
    enabled: bool = True
    """Whether the pipeline wants it now; written only by `Pipeline.set_level`."""
    emitter: Callable[..., None] | None = None
    """The function that says it."""


@dataclass(eq=False, slots=True)
class ConsoleDeclaration:
    """One line that is printed, never recorded: it speaks of the time before there is a log."""

    template: str
    stream: str
    advice: str
    module: str
    parts: int = field(default=0)


class Emitter(Protocol[Q]):
    """A declared event: call it to say it."""

    declaration: Declaration

    def __call__(self, *args: Q.args, **kwargs: Q.kwargs) -> None: ...


class Catalogue:
    """Everything declared so far. Importing a module catalogues its events and does nothing else."""

    def __init__(self) -> None:
        self.events: dict[str, Declaration] = {}
        self.console: dict[str, ConsoleDeclaration] = {}
        self.is_wanted: Callable[[Declaration], bool] = lambda new: new.audit or new.level >= Level.INFO
        """Whether a new declaration is enabled; the pipeline answers from its levels."""

    def add(self, declaration: Declaration) -> None:
        """Take a declaration in; codes are unique for ever."""
        known = self.events.get(declaration.code)
        if known is not None and (known.module, known.function) != (declaration.module, declaration.function):
            raise TypeError(f"event code {declaration.code!r} is declared in {known.module} already")
        self.events[declaration.code] = declaration


catalogue = Catalogue()
_print: Callable[[ConsoleDeclaration, str], None]


def _nobody(declaration: Declaration, values: tuple[Any, ...]) -> None:
    """Who is told before the pipeline is imported."""


_emit: Callable[[Declaration, tuple[Any, ...]], None] = _nobody


def _join(declaration: Declaration) -> None:
    """Have an event call the pipeline without a function in between."""
    if declaration.emitter is not None:
        declaration.emitter.__globals__["_send"] = _emit


def attach(
    emit: Callable[[Declaration, tuple[Any, ...]], None],
    print_line: Callable[[ConsoleDeclaration, str], None],
) -> None:
    """Say where emitted events go. The pipeline does this once, when it is imported."""
    global _emit, _print
    _emit, _print = emit, print_line
    for declaration in catalogue.events.values():
        _join(declaration)


def event(
    component: str, level: Level, message: str, *, audit: bool = False, code: str = ""
) -> Callable[[Callable[P, None]], Emitter[P]]:
    """Declare an event; `code` completes the component (the function's name when left out).

    The function's body is never run. Raises TypeError when a field has no class, the docstring
    is missing or the code is taken.
    """

    def declare(function: Callable[P, None]) -> Emitter[P]:
        name = function.__name__
        advice = inspect.cleandoc(function.__doc__ or "")
        if not _COMPONENT.fullmatch(component):
            raise TypeError(f"{component!r} is not a component: lower case words with dots between")
        if not advice:
            raise TypeError(f"event {component}.{name} has no advice for the operator")
        hints = typing.get_type_hints(function, include_extras=True)
        signature = inspect.signature(function)
        parameters = signature.parameters
        fields = tuple(field_of(parameter, hints.get(parameter)) for parameter in parameters)
        names = [field.name for field in fields]
        if len(set(names)) < len(names):
            raise TypeError(f"event {component}.{name} has two fields that a record would call the same")
        declaration = Declaration(
            code=f"{component}.{code or name}",
            component=component,
            level=level,
            audit=audit,
            message=message,
            fields=fields,
            advice=advice,
            module=function.__module__,
            function=name,
        )
        declaration.enabled = catalogue.is_wanted(declaration)
        declaration.emitter = _compile(declaration, signature)
        _join(declaration)
        catalogue.add(declaration)
        return cast("Emitter[P]", declaration.emitter)

    return declare


def _compile(declaration: Declaration, signature: inspect.Signature) -> Callable[..., None]:
    """A function with the declared parameters, so that a call costs what a plain call costs.

    A generic `*args, **kwargs` wrapper would take three times as long to do nothing.
    """
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()
    ]
    values = "".join(f"{parameter.name}, " for parameter in bare)
    namespace: dict[str, Any] = {"_declaration": declaration, "_send": _emit}
    for index, parameter in enumerate(bare):
        if parameter.default is not inspect.Parameter.empty:
            namespace[f"_default{index}"] = parameter.default
            bare[index] = parameter.replace(default=_Source(f"_default{index}"))
    source = (
        f"def {declaration.function}{inspect.Signature(bare)}:\n"
        f"    if _declaration.enabled:\n"
        f"        _send(_declaration, ({values}))\n"
    )
    exec(source, namespace)  # noqa: S102 - the text is made here, from a signature of ours
    function = namespace[declaration.function]
    function.declaration = declaration
    function.__doc__ = declaration.advice
    function.__module__ = declaration.module
    return cast("Callable[..., None]", function)


class _Source(str):
    """A name that prints as itself inside a signature."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def console(template: str, *, advice: str, stream: str = "stdout") -> Callable[..., None]:
    """Declare a printed line. `%s` and `%v` are places for values, as in the reference.

    `stream` is "stdout" or "stderr".
    """
    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    module = caller.f_globals.get("__name__", "") if caller is not None else ""
    first, *pieces = template.replace("%v", "%s").split("%s")
    declaration = ConsoleDeclaration(template, stream, advice, module, len(pieces))
    catalogue.console[template] = declaration

    def say(*values: object) -> None:
        text = "".join(_on_one_line(value) + piece for value, piece in zip(values, pieces, strict=True))
        _print(declaration, first + text)

    return say


def _on_one_line(value: object) -> str:
    """A value that comes from a file or an exception, and must not forge a line or command a terminal."""
    return "".join(character if character.isprintable() else " " for character in str(value))
