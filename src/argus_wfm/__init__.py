"""Mock and conformance test harness for the integration APIs of Argus WFM.

The subpackages openapi, features, gateway, mocks and conformance are the folders of those names at the top of the
repository: setup.py maps them.
"""
