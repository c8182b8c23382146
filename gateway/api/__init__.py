"""One module per contract, one method per operation."""
