"""Runs the Gherkin scenarios of features/ in a pytest process of their own."""
