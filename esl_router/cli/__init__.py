"""The command line: one file a noun. Heavy imports stand inside the commands."""
