"""Where the gateway keeps what it knows, and how carefully."""

import enum
from pathlib import Path

from yett.config import section, setting


class Sync(enum.Enum):
    """What an acknowledged write survives."""

    NORMAL = "normal"
    """The end of the process, however sudden; a power cut may cost the newest writes."""
    FULL = "full"
    """A power cut too: the disk confirms each group of writes."""


@section("cluster")
class ClusterSettings:
    """The data directory and the secret from which every other key is derived."""

    cluster_path: Path | None = setting(
        Path("/var/lib/yett"),
        "Data directory; empty keeps everything in memory, and a restart forgets it.",
        reloadable=False,
    )
    persistence: bool = setting(
        True, "Keep records on disk; off, they live in memory even with a data directory.", reloadable=False
    )
    cluster_key: str = setting(
        "",
        "Root secret of the cluster; empty makes one at first start and keeps it in the data directory.",
        secret=True,
        reloadable=False,
    )
    sync: Sync = setting(
        Sync.FULL,
        "What an acknowledged write survives: `normal` the end of the process, `full` a power cut too.",
        reloadable=False,
    )
    module_data_storage: str = setting(
        "kv",
        "Where data of the modules is kept; `kv` is the only place left, `ldap` is understood and warned about.",
        matches="kv|hexon|ldap",
        expects="kv",
        reloadable=False,
    )

    @property
    def directory(self) -> Path | None:
        """The data directory, or None when everything stays in memory.

        An empty text reads as the path ".", which nobody means as a place for keys.
        """
        path = self.cluster_path
        return None if path is None or path == Path() else path

    @property
    def is_kept(self) -> bool:
        """Whether records outlive the process."""
        return self.persistence and self.directory is not None
