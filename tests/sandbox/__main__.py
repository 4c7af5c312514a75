"""`python -m tests.sandbox run` keeps a stack until Ctrl-C; `… demo` plays the main job on its own; `… status`."""

import sys

from tests.sandbox.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
