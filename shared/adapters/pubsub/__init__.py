"""Pub/Sub over its REST interface: Google's client takes more than twice as long to import."""
