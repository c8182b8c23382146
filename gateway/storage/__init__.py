"""The database: tables, migrations, grouped commits and the cache."""
