"""Authenticated encryption and signatures under the project's own keys."""
