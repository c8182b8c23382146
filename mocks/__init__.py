"""The world outside: 1C ZUP with one seeded Russian cast. Mocks share nothing with the gateway but the contracts."""
