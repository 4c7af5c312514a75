"""Firestore in native mode."""
