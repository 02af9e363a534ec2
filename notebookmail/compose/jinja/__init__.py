"""Jinja as letters use it: sandboxed, strict, without a file system.

Stands on `markup`, `filters`, `tables`, `images` and `rows`. To change strictness, or which filters there are:
environment.py. What a template may reach: sandbox.py. How a table, figure or other object prints: printing.py.
Which columns a template reads: columns_read.py. Markdown whose lines a row decides: row_markdown.py. Text
derived from HTML: text_environment.py. A compiled piece of a template: parts.py. Values that print without Jinja:
plain_values.py.
"""
