"""Schedules that nobody thought of: acts of everybody, drawn, and what must come of them by the rule book alone."""
