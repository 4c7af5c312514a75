"""The CRM's own tokens, by which its users and its backend prove who they are."""
