"""Users' calendars: where they are, what makes somebody busy, and who reads them when."""
