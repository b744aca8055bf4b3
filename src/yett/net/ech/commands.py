"""What operators can do about Encrypted Client Hello."""

import os
from pathlib import Path

from yett.kernel import CommandFailed, Table, command
from yett.net.ech import events
from yett.net.ech.keypair import Derive, KeyPair, derive_pair


class ECHCommands:
    """The commands under `ech`."""

    def __init__(self, derive: Derive, public_name: str) -> None:
        self._derive = derive
        self._public_name = public_name

    @command("ech config")
    def config(self) -> Table:
        """Print the ECH configuration for DNS: publish it once a TLS front holds the key of `ech export`.

        The gateway's own listener cannot accept Encrypted Client Hello, as Python's TLS cannot.
        """
        pair = self._pair()
        rows = (
            ("public name", pair.public_name),
            ("config id", pair.config_id),
            ("configuration", pair.configuration),
            ("record", f'HTTPS 1 . ech="{pair.configuration}"'),
        )
        return Table(("what", "value"), rows)

    @command("ech export", writes=True)
    def export(self, file: Path) -> str:
        """Write the ECH private key and configuration (RFC 9934) to a new file, for a TLS front that accepts ECH.

        The gateway writes it, readable for its user alone. Whoever has it can read which names clients ask for.
        """
        if not file.is_absolute():
            raise CommandFailed("The gateway writes the file, so its path has to be absolute.")
        pair = self._pair()
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as opened:
                opened.write(pair.pem)
        except OSError as problem:
            raise CommandFailed(f"{file}: {problem.strerror or problem}") from problem
        return f"Key and configuration of {pair.public_name} were written to {file}."

    def _pair(self) -> KeyPair:
        pair = derive_pair(self._derive, self._public_name)
        events.pair_derived(public_name=pair.public_name, config_id=pair.config_id)
        return pair
