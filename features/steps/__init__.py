"""One module of steps per feature, `replies` for what all say of a reply, `roster` for whom to ask about."""
