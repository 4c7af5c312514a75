"""Where a consent ends."""
