"""Benchmarks: ratios of one run against a stated baseline, never a time on its own."""
