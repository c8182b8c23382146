"""Agents' status: events from Oktell, the current status, and the WebSocket stream."""
