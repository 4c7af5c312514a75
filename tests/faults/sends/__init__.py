"""Sends whose outcome nobody saw, at every crash point and redelivery, counted where they arrive."""
