"""One stack a run folder: a lock that the kernel gives back however its holder ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sandbox.trouble import TroubleError


@contextmanager
def only_one(run_dir: Path) -> Iterator[None]:
    """Holds the folder, which is made if missing; TroubleError if another stack runs in it."""
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        lock = os.open(run_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise TroubleError(f"The run folder {run_dir} cannot be used: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(lock, 20, 0).decode() or "unknown"
            raise TroubleError(
                f"A stack already runs in {run_dir} (process {holder}): stop it with Ctrl-C where it runs,"
                " or start another one beside it with RUN_DIR= (make) or --run-dir."
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(lock)
