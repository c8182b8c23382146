"""Sites: their registry, actual hours, payroll checks and transfers."""
