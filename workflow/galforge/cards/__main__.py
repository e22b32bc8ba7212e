"""Cards side by side: python -m galforge.cards a.json b.json"""

import sys

from galforge.cards.beside import beside, read
from galforge.errors import GalforgeError


def main(paths: list[str]) -> None:
    """Print some cards side by side, or say why they cannot be compared."""
    if len(paths) < 2 or len(set(paths)) < len(paths):
        sys.exit("usage: python -m galforge.cards a.json b.json ...  (at least two different cards)")
    try:
        print("\n".join(beside({path: read(path) for path in paths})))
    except GalforgeError as error:
        sys.exit(f"galforge.cards: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
