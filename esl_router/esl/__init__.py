"""The event socket protocol: frames, commands, dial strings, and the client that speaks it."""
