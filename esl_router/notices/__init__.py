"""What somebody outside is told: missed calls and messages."""
