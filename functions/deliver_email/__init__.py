"""Sends one accepted mail through its user's Gmail."""
