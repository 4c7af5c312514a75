"""The local stack itself, tried with functions so small that nothing but the stack can be wrong."""
