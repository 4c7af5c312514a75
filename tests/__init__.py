"""The tests, the local stack and the benchmarks."""
