"""One package for each outside service."""
