"""What the router knows and decides, as frozen values. No I/O, no clock."""
