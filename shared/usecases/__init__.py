"""One verb a module: read, decide, write; the world is seen through ports."""
