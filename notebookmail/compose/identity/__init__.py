"""Who a row is: when two values, rows or campaigns are the same.

To change which values are equal: same_value.py. What a row is known by in its campaign: keys.py. How values were
written in journals of the first versions: old_value_texts.py.
"""
