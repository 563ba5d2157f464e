"""Pure decisions: no clock, socket, database or log. Start reading in ``decide.py``."""
