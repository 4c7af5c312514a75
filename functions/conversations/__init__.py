"""Conversations, for the CRM's pages and backend."""
