"""The asynchronous SMTP client core (RFC 5321). Knows nothing of rows, templates or notebooks."""
