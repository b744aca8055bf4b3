"""The settings of compression: the `[proxy.compression]` table."""

from yett.config import Size, item, setting
from yett.proxy.compression.model import Coding

TYPES = (
    "text/html",
    "text/plain",
    "text/css",
    "text/csv",
    "text/javascript",
    "text/markdown",
    "text/xml",
    "application/javascript",
    "application/json",
    "application/ld+json",
    "application/manifest+json",
    "application/problem+json",
    "application/wasm",
    "application/xhtml+xml",
    "application/xml",
    "application/atom+xml",
    "application/rss+xml",
    "image/svg+xml",
    "font/otf",
    "font/ttf",
)
"""Types that shrink. A stream of events is not among them: few clients expect one to be compressed."""


@item()
class CompressionSettings:
    """Compressing responses on their way to the client."""

    enabled: bool = setting(
        False, "Compress the responses of every mapping that does not say `compression` itself."
    )
    codings: tuple[Coding, ...] = setting(
        (Coding.ZSTD, Coding.BROTLI, Coding.GZIP),
        "Codings to offer; the earlier one is taken where a client likes several equally.",
        at_least=1,
    )
    minimum: Size = setting(1024, "Shortest response worth compressing, where its length is known.")
    types: tuple[str, ...] = setting(
        TYPES,
        "Content types to compress.",
        matches=r"[a-z0-9.+-]+/[a-z0-9.+-]+",
        expects='a content type in lower case, such as "text/html"',
    )
    gzip_level: int = setting(4, "Effort of gzip.", at_least=1, at_most=9)
    brotli_level: int = setting(4, "Effort of Brotli.", at_least=0, at_most=9)
    zstd_level: int = setting(3, "Effort of Zstandard.", at_least=1, at_most=12)
