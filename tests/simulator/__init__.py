"""The simulator's own tests: Google's unmodified clients against it, then each oddity and each control call."""
