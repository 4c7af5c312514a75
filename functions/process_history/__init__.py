"""The function `process_history`."""
