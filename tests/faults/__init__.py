"""What the product survives: every crash point, every fault of the book, and schedules that nobody thought of."""
