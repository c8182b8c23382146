"""The integration gateway: Argus on the left, 1C ZUP on the right, the contracts in between."""
