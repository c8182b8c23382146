"""The mock contact centre Oktell: its simulation, event poster and stream."""
