"""Contacts from elsewhere: vCard and CSV files, and a directory server."""
