"""Benchmarks: each `bench_*.py` measures one thing, and is a command of its own."""
