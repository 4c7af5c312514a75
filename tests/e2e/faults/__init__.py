"""The whole stack under faults of its store, its queue, its wires and its own processes."""
