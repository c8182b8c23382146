"""The data that checks and reports share: exchanges, findings and their codes."""
