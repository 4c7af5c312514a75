"""The rule book as tests: what the product promises, and which test proves each promise."""
