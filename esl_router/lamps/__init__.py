"""The lamps of telephones: who watches what, and what he is shown."""
