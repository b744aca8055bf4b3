"""What a browser calls itself, in words that people know: "Firefox on Windows".

The field is the sender's to choose, so nothing of it is shown: only names that stand here are.
"""

_LONGEST = 512
# Most programs also claim to be others, so the order matters.
_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi", "Vivaldi"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari", "Safari"),
    ("curl/", "curl"),
    ("Wget", "Wget"),
    ("python", "a Python program"),
    ("Python", "a Python program"),
    ("Go-http", "a Go program"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
    ("BSD", "BSD"),
)


def describe_agent(agent: str) -> str:
    """The program and the system of a User-Agent field, as far as they are known; empty when neither is."""
    text = agent[:_LONGEST]
    program = next((name for mark, name in _PROGRAMS if mark in text), "")
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    return f"{program} on {system}" if program and system else program or system
