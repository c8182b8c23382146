"""The host under test: its profile, the HTTP, WebSocket and LDAP clients, and the safety limits."""
