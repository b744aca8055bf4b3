"""How well people have to have proven who they are, by mapping, path and group: what rules demand below a path.

Who it is asked of is decided with everything else about access, see `identity.access`. It is asked
when a decision is made anew, so a mapping that wants nothing special costs nothing more.
"""

from yett.identity.access import Assurance, Demand
from yett.proxy.config import MappingSettings, ReauthSettings, StepUpSettings
from yett.proxy.reauth import covers


def demands_at(path: str, mapping: MappingSettings) -> tuple[Demand, ...]:
    """What a mapping wants to be known of people below a path that has no slash at its end."""
    of_all = () if mapping.assurance is Assurance.SINGLE else (Demand(mapping.assurance),)
    return of_all + tuple(
        Demand(rule.assurance, frozenset(rule.groups)) for rule in mapping.step_up if covers(rule, path)
    )


def parts_of(mapping: MappingSettings) -> tuple[ReauthSettings | StepUpSettings, ...]:
    """Every rule of a mapping that may be for a part of its paths only."""
    return (*mapping.reauth, *mapping.step_up)


def problem_of(mapping: MappingSettings) -> str:
    """Why a mapping's demands cannot be; empty when they can."""
    if not mapping.step_up and mapping.assurance is Assurance.SINGLE:
        return ""
    if mapping.public:
        return "a public mapping cannot ask for proof (assurance, step_up)"
    for rule in mapping.step_up:
        if mapping.assurance.reaches(rule.assurance):
            return f"step_up.assurance {rule.assurance.value} is no more than the whole mapping asks for"
    return ""
