"""The local stack: the real functions on Google's emulators, with a simulated Gmail and all else they talk to."""
