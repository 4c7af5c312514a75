"""`make run`: a stack until Ctrl-C, with what there is to try."""

import time

from tests.sandbox.guide import told
from tests.sandbox.stack import Options, Stack, running

LOOK_EVERY_S = 0.2
RETURNED, FELL = 0, 1


def run(options: Options) -> int:
    """Starts a stack, says where it is, keeps it until SIGINT or SIGTERM → 0; 1 if a part of it fell."""
    began = time.monotonic()
    with running(options) as stack:
        print(told(stack, after_s=time.monotonic() - began), flush=True)
        try:
            return _keep(stack)
        except KeyboardInterrupt:
            print("\nStopping.", flush=True)
            return RETURNED


def _keep(stack: Stack) -> int:
    while (fallen := stack.fallen()) is None:
        time.sleep(LOOK_EVERY_S)
    print(f"The stack stops. {fallen}", flush=True)
    return FELL
