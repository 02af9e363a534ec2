"""The embedded SMTP server: for first tries, rehearsals, demos and tests. Nothing it takes leaves the machine."""
