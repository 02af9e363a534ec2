"""Rows of a data frame, whatever library it is of.

Imports errors only. To read another kind of frame: frame.py, the only place that knows the libraries. Frames
kept as they were at the call: snapshot.py. What a missing value is: missing.py. How a template names a column:
column_names.py.
"""
