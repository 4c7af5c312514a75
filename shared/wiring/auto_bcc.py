"""Where auto-BCC mail goes."""

from shared import config


def capture_domain() -> str:
    """The domain of the auto-BCC addresses; empty where there are none."""
    return config.setting("AUTO_BCC_DOMAIN").lower()
