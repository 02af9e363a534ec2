"""Files of people's data as frames: CSV in its dialects, Excel, Parquet, JSON lines.

`reading.read_table` is the door; import it and `notices` only. Nothing here knows of letters or mail. What a
file is: kinds.py. How a text file is written: encodings.py, western_text.py, separators.py. The readers:
delimited.py, workbook.py, parquet.py, jsonlines.py; a new kind of file is kinds.py and another one of these.
Names of columns: header.py; what becomes a number, a truth or a text: columns.py. What passes between them:
loaded.py.
"""
