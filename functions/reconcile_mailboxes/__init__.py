"""The function `reconcile_mailboxes`."""
