"""Bytes too large for a document: a folder here, a bucket of Cloud Storage in the cloud."""
