"""Weeks of a town's mail in memory, seeded: everything that can go wrong does, and nothing may be lost or doubled."""
