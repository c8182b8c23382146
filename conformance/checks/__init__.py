"""Pure checks: an exchange, a token, a file or a stream against the contract; nothing here sends anything."""
