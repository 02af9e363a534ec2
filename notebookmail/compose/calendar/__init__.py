"""Invitations (RFC 5545, 5546, 6047): what an event is, and how a letter carries and shows it."""
