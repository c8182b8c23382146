"""The command line `argus`: one module per group of commands."""
