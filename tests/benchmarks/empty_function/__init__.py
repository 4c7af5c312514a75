"""The function that does nothing, which the others' starts are compared with."""
