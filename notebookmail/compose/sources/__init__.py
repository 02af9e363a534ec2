"""Template files: front matter, and what they take in from other files."""
