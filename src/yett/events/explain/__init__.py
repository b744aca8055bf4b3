"""Why something was allowed, refused or broken, told from records in plain sentences.

Read `model`, then `words` (what events mean), then what tells: `requests`, `lives` (of sessions and
people) and `why` (could somebody not get somewhere). Those are pure: entries in, story out.
`reading` finds the entries in the stored log, `rendering` writes stories down for a terminal.
"""

from yett.events.explain.lives import tell_person, tell_session
from yett.events.explain.model import (
    Answer,
    Cause,
    Chapter,
    Closeness,
    Finding,
    Line,
    Note,
    PersonStory,
    Question,
    Reached,
    SessionLife,
    SessionStory,
    Story,
    Weight,
)
from yett.events.explain.reading import person_of, records_of, session_of, story_of, why_not
from yett.events.explain.rendering import render, render_answer, render_person, render_session
from yett.events.explain.requests import tell
from yett.events.explain.why import answer
from yett.events.explain.words import reason_of

__all__ = [
    "Answer",
    "Cause",
    "Chapter",
    "Closeness",
    "Finding",
    "Line",
    "Note",
    "PersonStory",
    "Question",
    "Reached",
    "SessionLife",
    "SessionStory",
    "Story",
    "Weight",
    "answer",
    "person_of",
    "reason_of",
    "records_of",
    "render",
    "render_answer",
    "render_person",
    "render_session",
    "session_of",
    "story_of",
    "tell",
    "tell_person",
    "tell_session",
    "why_not",
]
