"""``python -m fastlogreg``: the command line."""

import sys

from fastlogreg.cli import main

if __name__ == "__main__":
    sys.exit(main())
