"""The mock LDAP directory."""
