"""Databases: tables, migrations, transactions, backups."""
