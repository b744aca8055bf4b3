"""Texts that are nearly right."""


def altered(text: str, place: int = -2) -> str:
    """The text with another character there, whatever stood there.

    Not at the very end by default: the last character of base64 also has bits that stand for nothing.
    """
    place %= len(text)
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
