"""The WebSocket stream of agents' status: what subscribers receive, and whether it is right."""
