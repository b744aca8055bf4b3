"""From what people will read to the bytes of a message.

What must stay true:
  no header field holds a line end or another control character, whatever the values were;
  every byte is ASCII and no line is too long, unless the recipient's address itself needs SMTPUTF8;
  programs that answer mail are told not to (RFC 3834, section 5).
"""

import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from yett.notify.mail.addresses import Mailbox
from yett.notify.mail.model import Envelope, Rendered

_LONGEST_SUBJECT = 200
_SPACE = re.compile(r"\s+")
# Bodies go as quoted-printable or base64, so that servers without 8BITMIME take them.
_PLAIN = SMTP.clone(cte_type="7bit")
_UTF8 = SMTPUTF8.clone(cte_type="7bit")


def compose(
    rendered: Rendered, sender: Mailbox, recipient: Mailbox, *, message_id: str, now: float
) -> Envelope:
    """The message in its envelope."""
    needs_utf8 = not (sender.is_ascii and recipient.is_ascii)
    message = EmailMessage(_UTF8 if needs_utf8 else _PLAIN)
    message["From"] = Address(one_line(sender.name), sender.local, sender.domain)
    message["To"] = Address("", recipient.local, recipient.domain)
    message["Subject"] = one_line(rendered.subject)[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    message["Message-ID"] = f"<{message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(_lines(rendered.text))
    if rendered.html:
        message.add_alternative(_lines(rendered.html), subtype="html")
    return Envelope(str(sender), str(recipient), message.as_bytes(), message_id, needs_utf8)


def one_line(text: str) -> str:
    """Text without line ends, control characters and characters that turn the direction of reading."""
    return _SPACE.sub(" ", "".join(map(_visible, text))).strip()


def lines(text: str) -> str:
    """The same for text of several lines, which keeps those."""
    return "\n".join("".join(map(_visible, line)).rstrip() for line in text.splitlines())


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")


def _visible(character: str) -> str:
    # The two joiners are part of how some scripts are written.
    return character if character.isprintable() or character in "\u200c\u200d" else " "
