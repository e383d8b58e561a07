"""``python -m nnfromscratch``."""

import sys

from nnfromscratch.cli import main

if __name__ == "__main__":
    sys.exit(main())
