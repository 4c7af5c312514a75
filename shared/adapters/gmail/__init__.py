"""Gmail and Google's authorization server: the only package that knows their protocols."""
