"""Requests into calls, outcomes into responses: the one place where our statuses are written."""
