"""End to end: a running FreeSWITCH between real SIP endpoints."""
