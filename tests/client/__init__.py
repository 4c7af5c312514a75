"""A client of the product, of its stack and of the simulator, written from the contract alone."""
