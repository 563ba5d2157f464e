"""The rule store: one SQLite file, read live for every decision."""
