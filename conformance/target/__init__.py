"""The host under test: its profile, the HTTP, WebSocket and LDAP clients, and the safety limits."""

from argus_wfm.conformance.target.profile import TargetConfig, by_profile, by_url
from argus_wfm.conformance.target.target import Target

__all__ = ["Target", "TargetConfig", "by_profile", "by_url"]
