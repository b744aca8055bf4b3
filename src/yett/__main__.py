"""What `yett` runs first: loads everything without a look for garbage, of which loading makes none.

Those looks are half of the time that loading takes. What was loaded stays out of all later ones.
"""

import gc


def main() -> None:
    """Run what was typed, and end with its exit code."""
    gc.disable()
    from yett import cli  # noqa: PLC0415 - loading is what this is about

    gc.freeze()
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
