"""The scenarios: what a host of the integration APIs does, in Gherkin, and the steps that find out."""
