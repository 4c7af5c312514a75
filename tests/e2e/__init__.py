"""One file per promise of the product, kept on a stack that runs for real."""
