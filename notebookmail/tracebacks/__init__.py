"""What a person reads of an error in a notebook: their own lines, the message, and how to see the rest.

`rendering` answers IPython, which asks an exception for its traceback (`_render_traceback_`); `own_frames` tells
the analyst's code from this package's; `interrupts` tells whoever pressed Stop where the results are. Scripts,
pytest and loggers show the usual traceback. Every room may import this one; it imports none.
"""
