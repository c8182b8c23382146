"""Every .feature file beside this module becomes tests."""

from pytest_bdd import scenarios

scenarios(".")
