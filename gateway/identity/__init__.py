"""Who calls: Bearer tokens, signing keys, revocations and lock-out."""
