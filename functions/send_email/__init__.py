"""Accepts mail for sending, and settles what failed or is in doubt."""
