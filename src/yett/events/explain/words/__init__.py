"""What events mean to somebody who asks why: one table of sentences, one of reasons.

`gate` has the words of a request's way, `signing_in` and `methods` those of proving who one is,
`lives` those of sessions, devices and people, `providers` those of codes and tokens; `lookup` finds them.
"""

from yett.events.explain.words.lookup import (
    REASON_FIELDS,
    cause_of,
    filled,
    note_of,
    reason_of,
    said_of,
    sentence_of,
)

__all__ = ["REASON_FIELDS", "cause_of", "filled", "note_of", "reason_of", "said_of", "sentence_of"]
