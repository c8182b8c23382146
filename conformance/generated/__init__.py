"""Generated contract tests: probes first, then Schemathesis, in a process of their own."""
