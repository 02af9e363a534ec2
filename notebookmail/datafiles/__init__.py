"""Files of people's data as frames: CSV in its dialects, Excel, Parquet, JSON lines.

`reading.read_table` is the door; `kinds` says what a file is, `encodings`, `western` and `separators` guess how a
text file is written, `delimited`, `workbook`, `parquet` and `jsonlines` read, `header` and `columns` make names
and types. Nothing here knows of letters or mail; import `read_table` and `notices` only. A new kind of file:
`kinds` and a reader beside the others. What becomes a number: `columns`.
"""
