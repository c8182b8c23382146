"""Starts our own gateway and mocks; the only folder here that may import gateway or mocks."""
