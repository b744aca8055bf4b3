"""What rewriting says in the log."""

from yett.events import DEBUG, WARN, event
from yett.events.fields import Address, App
from yett.proxy.rewriting.model import TooLarge, Untouched


@event("proxy.redirect", DEBUG, "Rewriting redirect Location header")
def redirect_rewritten(app: App, backend: Address) -> None:
    """An application sent a client to an address of its own, which now reads as the public one.

    Nothing to do. An application that is told the public host (`preserve_host`) rarely needs this.
    """


@event("proxy.rewrite", WARN, "Response too large to buffer, streaming without rewrite")
def too_large(app: App, reason: TooLarge, limit: int) -> None:
    """A page, or one tag of it, is larger than `rewrite_limit` allows, so its links stay as they are from there on.

    Raise the limit if such pages are meant to work. Nothing was lost of the page itself.
    """


@event("proxy.rewrite", DEBUG, "Chunked/binary response streaming", code="streamed")
def streamed(app: App, reason: Untouched) -> None:
    """The body went through as it came, because it holds no links that can be read. Nothing to do."""


@event("proxy.rewrite", DEBUG, "Brotli/Zstd disabled", code="codings_disabled")
def codings_disabled(app: App) -> None:
    """The client offered codings in which pages cannot be rewritten; the application was asked for others.

    Nothing to do. With `compression` on, the client still gets what it likes best.
    """
