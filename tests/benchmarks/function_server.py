"""One function in a functions-framework process of its own, started as the local stack starts it."""

import os
import sys
from pathlib import Path

from tests.sandbox.processes import die_with

GRACE_S = 2


def main() -> None:
    """Usage: function_server SOURCE TARGET PORT THREADS, from the root; its settings are in the environment."""
    die_with(os.getppid())
    source, target, port, threads = sys.argv[1:]
    sys.argv = ["functions-framework"]
    from functions_framework import create_app
    from functions_framework._http import create_server

    sys.path.insert(0, str(Path.cwd()))
    app = create_app(target, source, "http")  # type: ignore[no-untyped-call]
    options = {"control_socket_disable": True, "threads": int(threads), "graceful_timeout": GRACE_S}
    create_server(app, False, **options).run("127.0.0.1", int(port))  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
