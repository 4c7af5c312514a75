"""A user's own connection to Gmail."""
