"""Rows of a data frame, whatever library it is of.

Imports errors only. To read another kind of frame in memory: frame.py, by what row_source.py says; another lazy
one: streams.py, which asks sources for their rows (partitions.py does so for Dask's). spool.py keeps these in a
file, spooled_texts.py what is known of them in words, and streamed.py reads them from there. Lists of dicts:
records.py. Frames kept as they were at the call: snapshot.py. What a missing value is: missing.py. How a template
names a column: column_names.py.
"""
