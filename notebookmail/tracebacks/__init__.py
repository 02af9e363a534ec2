"""What a person reads of an error in a notebook: their own lines, the message, and how to see the rest.

To change what IPython shows (it asks an exception's `_render_traceback_`): rendering.py. Which frames are the
analyst's: own_frames.py. What whoever pressed Stop is told: interrupts.py. Scripts, pytest and loggers show the
usual traceback. Every room may import this one; it imports none.
"""
