"""Google's OIDC tokens, by which a push proves that it comes from our own subscription."""
