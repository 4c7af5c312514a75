"""The instance itself."""

import signal


def stopping() -> bool:
    """Whether the platform has told this instance to end, which it does ten seconds before it kills it (F45).

    The server that functions-framework starts (gunicorn) takes that signal itself, and lets requests go on: nobody else
    hears of it. Its worker, whose method handles the signal, is no longer `alive` from then on.
    """
    worker = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return not getattr(worker, "alive", True)
