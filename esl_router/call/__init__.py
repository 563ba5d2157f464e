"""One call from its arrival to its record: snapshot, decide, act, decide again, journal."""
