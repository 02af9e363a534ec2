"""Files a letter takes with it.

Stands on `jinja`, `tables`, `images` and `mime`. To attach a new kind of thing: attachments.py; frames written
as CSV, Excel or Parquet: frames_as_files.py, with workbooks.py for Excel's cells and csv_files.py for the rows of
groups. Where files may lie: compose/files.py. How they are named in the message: mime/content_disposition.py.
"""
