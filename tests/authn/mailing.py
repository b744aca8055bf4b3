"""A mailer for tests of methods that write to people."""

from dataclasses import dataclass, field

from yett.notify import MailKind


@dataclass
class Post:
    """A mailer that delivers to a list."""

    is_configured: bool = True
    is_working: bool = True
    sent: list = field(default_factory=list)

    async def send(self, kind, to, *, language="", fields):
        assert isinstance(kind, MailKind)
        if self.is_working:
            self.sent.append((kind, to, language, dict(fields)))
        return self.is_working

    @property
    def code(self):
        """The code of the last mail, as it stands there."""
        return self.sent[-1][3]["code"]
