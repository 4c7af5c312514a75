"""One suite per port, on the fake and on the real adapter, so that the fakes stay honest."""
