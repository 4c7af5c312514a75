"""Shows operators how the deployment stands, and lets them act on what does not mend itself."""
