"""One client per system behind the gateway."""
