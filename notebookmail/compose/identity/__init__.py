"""Who a row is: when two values, rows or campaigns are the same.

`campaign` and compose's renderer import it. To change which values are equal: same_value.py; what a row is known
by in its campaign: keys.py. Either makes other campaigns of those that are under way, so journals written before
need their rules kept. How values were written in journals of the first versions: old_value_texts.py, never to be
changed.
"""
