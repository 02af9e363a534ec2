"""Frames, series and styled tables as tables of a letter, in HTML and in text.

Stands on `filters`, `markup` and `rows`; `jinja` and `attachments` import it. How a table looks: tables.py. How
a column's cells are written: cells.py. Column levels and row labels: flattening.py. Stylers and great_tables:
styled.py, their texts escaped: styler_escaping.py, their HTML read back as rows of text: grid.py.
"""
