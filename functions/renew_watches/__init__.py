"""Keeps Gmail's notifications coming."""
