"""Faults on every protocol: their models, their parser, and where they are injected."""
