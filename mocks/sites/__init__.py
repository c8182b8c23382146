"""The mock sites that send their data to the gateway."""
