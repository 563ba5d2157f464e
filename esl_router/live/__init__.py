"""What the switch is doing right now, kept up to date by its own events."""
