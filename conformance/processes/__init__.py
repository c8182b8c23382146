"""Child processes of a run, and signals."""
