"""The command line of the local stack."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.sandbox.demo import demo
from tests.sandbox.plan import REPOSITORY
from tests.sandbox.run import run
from tests.sandbox.stack import Options
from tests.sandbox.status import status
from tests.sandbox.trouble import TroubleError

FAILED, MISUSED = 1, 2


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 all went well, 1 it did not, 2 it was asked wrongly or cannot run here.

    Of `status`: 0 if nothing needs anybody, 1 if something does, 2 if that cannot be told.
    """
    asked = _parser().parse_args(arguments)
    # A polite end is an ordinary end: everything is stopped on the way out. A shell's background job begins with Ctrl-C
    # ignored, and Python leaves it so.
    for polite in (signal.SIGINT, signal.SIGTERM):
        signal.signal(polite, signal.default_int_handler)
    try:
        match asked.command:
            case "demo":
                return demo(asked.mail)
            case "status":
                return status(asked.run_dir, asked.url)
            case _:
                return run(_options(asked))
    except TroubleError as trouble:
        print(trouble, file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        return FAILED
    except BrokenPipeError:
        # Nobody reads on, as in `make run | head`; neither may the interpreter's last flush complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _options(asked: argparse.Namespace) -> Options:
    changed = dict(_setting(text) for text in asked.set)
    return Options(
        run_dir=asked.run_dir, root=asked.root, port_base=asked.port_base, changed=changed, seeded=not asked.no_seed
    )


def _setting(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise TroubleError(f"--set takes NAME=VALUE, not {text!r}.")
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox", description="The local stack.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("run", help="start a stack and keep it until Ctrl-C")
    start.add_argument("--run-dir", type=Path, default=REPOSITORY / ".run", help="where it keeps its files (.run)")
    start.add_argument("--port-base", type=int, help="first of a row of ports; free ports are taken if it is not given")
    start.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change one setting")
    start.add_argument("--no-seed", action="store_true", help="without the demonstration")
    start.add_argument("--root", type=Path, default=REPOSITORY, help="repository whose functions run (this one)")
    play = commands.add_parser("demo", help="play the main job on a stack of its own")
    play.add_argument("--mail", type=Path, help="a mail or a folder of *.eml files (the mails of tests/mail)")
    look = commands.add_parser("status", help="how a deployment stands: OPERATIONS_URL, OPERATIONS_TOKEN, or the stack")
    look.add_argument("--run-dir", type=Path, default=REPOSITORY / ".run", help="folder of the local stack (.run)")
    look.add_argument("--url", help="base URL of the deployment's function `operations` (else OPERATIONS_URL)")
    return parser
