"""One call carried out: from a frame, a template and options to the results of every row.

The only room where letters, delivery and servers meet. To change what a caller may choose: options.py. Which rows
go, and which do not: exclusions.py, plan.py. How a row is found again in the journal: matching.py. What happens
from the first connection to the last event: run.py. What comes back: results.py. How long it would take:
estimate.py.
"""
