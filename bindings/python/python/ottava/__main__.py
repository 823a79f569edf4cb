"""The command `ottava`."""

import sys

from . import _native


def main() -> int:
    """Runs the command with the arguments of the process; its exit code."""
    sys.stdout.flush()
    return _native.command(["ottava", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
