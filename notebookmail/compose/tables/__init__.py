"""Frames, series and styled tables as tables of a letter, in HTML and in text.

Stands on `filters`, `markup` and `rows`; `jinja` and `attachments` import it. How a table looks: tables.py. How
a column's cells are written: cells.py. What stands in a table: content.py; the rows of a group: group_rows.py,
read and written for many groups at once: batch.py. Column levels and row labels: flattening.py. Stylers and
great_tables: styled.py, their texts escaped: styler_escaping.py, their HTML read back as rows of text: grid.py.
"""
