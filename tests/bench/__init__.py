"""Benchmarks: `python -m tests.bench` measures everything and writes docs/benchmarks.md."""
