"""Live views in a notebook: the only place that imports ipywidgets.

A file a subject: board.py (the running campaign), results_table.py and row_detail.py, preview.py, inbox.py,
message_reader.py. How a live view gives way to a page that can be saved: live_output.py.
"""
