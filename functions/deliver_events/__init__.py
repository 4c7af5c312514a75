"""Hands events to the CRM's receiver, signed, and keeps those that it does not take."""
