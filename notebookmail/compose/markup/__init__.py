"""Markdown and HTML with Jinja in them, and the text that says the same."""
