"""One functions-framework process for each function, forked from a parent that has done the slow imports once.

A child does what the framework's own command does (create_app, then create_server), on its own port with its own log:
what runs is what is deployed. What ends by itself is started again, as the platform would.
"""

import contextlib
import importlib
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from tests.sandbox.plan import Plan
from tests.sandbox.processes import die_with, last_line
from tests.sandbox.settings import environment

# Third-party only. None of them opens a gRPC channel on import: a channel would not survive the fork.
WARM = (
    "cryptography.hazmat.primitives.ciphers.aead",
    "functions_framework._http.gunicorn",
    "google.auth.transport.urllib3",
    "google.cloud.firestore",
    "googleapiclient.discovery",
    "jwt",
    "msgspec",
    "nh3",
)
# A function that ends sooner than this after its start will not do better next time.
TOO_SOON_S = 3.0
GRACE_S = 5


def main() -> None:
    """Usage: zygote PLAN. Runs until SIGTERM; exit status 1 if a function does not stay up."""
    die_with(os.getppid())
    plan = Plan.read(Path(sys.argv[1]))
    sys.argv = ["functions-framework"]
    for module in WARM:
        importlib.import_module(module)
    sys.exit(_keep_running(plan))


def _keep_running(plan: Plan) -> int:
    running = {_fork(plan, name): (name, time.monotonic()) for name in plan.table.functions}
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    failed = False
    while running:
        pid, status = os.wait()
        name, since = running.pop(pid)
        if stopping:
            continue
        print(f"{name} ended with status {status}", flush=True)
        if time.monotonic() - since < TOO_SOON_S:
            print(f"The function {name} does not start: {last_line(plan.log(name))} ({plan.log(name)})", flush=True)
            failed = True
            stop(signal.SIGTERM, None)
        else:
            running[_fork(plan, name)] = (name, time.monotonic())
    return int(failed)


def _fork(plan: Plan, name: str) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        (plan.run_dir / "pids" / name).write_text(str(pid))
        return pid
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        die_with(parent)
        log = os.open(plan.log(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        _serve(plan, name)
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 0)
    except BaseException:  # noqa: BLE001 - whatever it is, a forked child must not go on as its parent
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def _serve(plan: Plan, name: str) -> None:
    from functions_framework import create_app
    from functions_framework._http import create_server

    row = plan.table.functions[name]
    os.environ.update(environment(plan, name))
    sys.path.insert(0, str(plan.root))
    source = str(plan.root / "functions" / name / "main.py")
    app = create_app(row.entry_point, source, "http")  # type: ignore[no-untyped-call]
    # The control socket has one path for all processes of a user.
    options = {"control_socket_disable": True, "threads": row.concurrency, "graceful_timeout": GRACE_S}
    server = create_server(app, False, **options)  # type: ignore[no-untyped-call]
    server.run("127.0.0.1", plan.ports[name])


if __name__ == "__main__":
    main()
