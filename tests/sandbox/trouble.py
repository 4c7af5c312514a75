"""What keeps a stack from running, told in one sentence."""


class TroubleError(Exception):
    """Its text is one sentence for the person at the keyboard: what is wrong and what to do about it."""
