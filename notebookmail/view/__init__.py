"""What people see: static markup, the live board, the results table.

Views only read progress and outcomes, so a run without a screen behaves the same. The only room that imports
ipywidgets, and the only one that turns values into HTML: all escaping stands in markup.py.
"""
