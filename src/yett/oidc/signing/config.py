"""Settings of what tokens are signed with."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from yett.config import Mistake, section, setting
from yett.oidc.signing.model import Algorithm


@section("oidc.signing")
class SigningSettings:
    """Keys that sign ID tokens and access tokens of the provider."""

    algorithms: tuple[Algorithm, ...] = setting(
        (Algorithm.ES256, Algorithm.RS256, Algorithm.EDDSA),
        "What tokens can be signed with; the first is used where a client does not say. RS256 is what clients know "
        "that know nothing else.",
        at_least=1,
        at_most=5,
    )
    rotation: timedelta = setting(
        timedelta(days=30),
        "How often keys change; a new one is published a day before it is used.",
        at_least=timedelta(days=2),
        at_most=timedelta(days=730),
    )
    rsa_bits: int = setting(2048, "Size of RSA keys that are made.", at_least=2048, at_most=4096)
    key_files: tuple[Path, ...] = setting(
        (),
        "PEM files with private keys of your own, one for each algorithm, in place of keys that are made and rotated "
        "here. They have to be the same on every node.",
        at_most=10,
    )


def check_signing(
    settings: SigningSettings, wanted: Iterable[tuple[str, str]], *, is_shared: bool = False
) -> Iterator[Mistake]:
    """What only shows beside the clients: `wanted` are their ids, and what their ID tokens are to be signed with.

    `is_shared`: there are co-signers.
    """
    known = {each.value for each in settings.algorithms}
    if is_shared and Algorithm.EDDSA not in settings.algorithms:
        yield Mistake(
            "oidc.signing.algorithms",
            ", ".join(known),
            "co-signers sign with EdDSA only, which is not among them",
            'add "EdDSA", or remove the co-signers',
        )
    for algorithm, times in Counter(settings.algorithms).items():
        if times > 1:
            yield Mistake("oidc.signing.algorithms", algorithm.value, "this one is there more than once")
    for client, name in wanted:
        if name and name not in known:
            yield Mistake(
                f"oidc.client[{client}].id_token_algorithm",
                name,
                "nothing is signed with it here",
                "add it to oidc.signing.algorithms",
            )
