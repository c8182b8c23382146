"""The mock 1C ZUP."""
