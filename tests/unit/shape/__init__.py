"""The tree says what the product is; these keep it saying so."""
