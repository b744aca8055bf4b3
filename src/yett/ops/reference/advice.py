"""What an operator is owed with every event: what it means, and what to do about it.

Both halves stand in one docstring, meaning first. The second begins with the first sentence that
tells somebody to do something, or that there is nothing to do. `faults_of` refuses advice that
helps nobody; a test holds every declaration to it.
"""

import re

from yett.events import Declaration, Level

_SENTENCE_ENDS = re.compile(r'(?<=[.!?])\s+(?=[A-Z`"(\[\d])')
_CLAUSE_ENDS = re.compile(r"(?<=[,;:])\s+(?:(?:and|or|then|but|so|else|otherwise|better|please|also)\s+)?")
_VERB = re.compile(
    r"(?:do not )?(?:add|allow|ask|ban|change|check|chmod|choose|close|compare|consider|copy|correct|delete|disable|do"
    r"|enable|encrypt|enrol|expect|find|fix|free|get|give|grant|have|help|install|investigate|keep|leave|let|limit|look"
    r"|lower|make|mend|move|name|open|plan|point|pull|put|raise|read|remove|renew|repair|replace|report|restart|restore"
    r"|retry|revoke|run|search|see|send|set|shorten|start|stop|switch|take|talk|tell|test|treat|try|turn|unset|update"
    r"|upgrade|use|wait|watch|write)\b(?!['-])",
    re.IGNORECASE,
)
_SHOWS = re.compile(r"\b[Nn]othing (?:has |needs )?to (?:do|be done)\b|\bwhat to mend\b|`yett [a-z]")
"""There is nothing to do, the record itself says what to do, or a command shows it."""
_FEWEST_WORDS = 3
_COMMONEST = re.compile(
    r"a|an|and|are|as|at|be|by|been|for|from|had|has|have|in|into|is|it|its|not|of|on|or|that|the|this|to|was|were|with"
)
_WORD = re.compile(r"[a-z0-9]+")


def halves(advice: str) -> tuple[str, str]:
    """What an event means, and what to do; the second is empty when nothing is said about it."""
    sentences = _SENTENCE_ENDS.split(" ".join(advice.split()))
    for place, sentence in enumerate(sentences):
        if not _tells(sentence):
            continue
        if place == 0 and not _begins(sentence):
            told, told_to = _parted(sentence)
            return told, " ".join((told_to, *sentences[1:]))
        return " ".join(sentences[:place]), " ".join(sentences[place:])
    return " ".join(sentences), ""


def faults_of(declaration: Declaration) -> tuple[str, ...]:
    """Why the advice of an event does not help its reader; nothing when it does."""
    advice = " ".join(declaration.advice.split())
    meaning, action = halves(advice)
    found = []
    if len(_WORD.findall(advice.lower())) < _FEWEST_WORDS or advice[-1:] not in {".", "!", "?", ")"}:
        found.append("it is no whole sentence")
    if not _adds(advice, declaration.message):
        found.append("it only repeats the message")
    if declaration.level >= Level.WARN:
        if not action:
            found.append(
                "it does not say what to do: begin a sentence with a verb like look, set or ask, "
                'or write "Nothing to do."'
            )
        if not meaning:
            found.append("it does not say what the event means before it says what to do")
    return tuple(found)


def _tells(sentence: str) -> bool:
    """Whether somebody is told what to do, in any clause."""
    return bool(_SHOWS.search(sentence)) or any(map(_begins, _CLAUSE_ENDS.split(sentence)))


def _begins(clause: str) -> bool:
    return bool(_VERB.match(clause) or _SHOWS.match(clause))


def _parted(sentence: str) -> tuple[str, str]:
    """A sentence that means and tells, cut where it begins to tell; whole on both sides if that is in its middle."""
    for end in re.finditer(r"[;:] ", sentence):
        rest = sentence[end.end() :]
        if _tells(rest):
            return sentence[: end.start()] + ".", rest[0].upper() + rest[1:]
    return sentence, sentence


def _adds(advice: str, message: str) -> bool:
    """Whether the advice has a word of weight that the message has not."""
    said = set(_WORD.findall(message.lower()))
    return any(word not in said and not _COMMONEST.fullmatch(word) for word in _WORD.findall(advice.lower()))
