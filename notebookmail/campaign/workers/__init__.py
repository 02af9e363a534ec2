"""Messages made by workers: processes of this machine, or whatever executor the caller has.

Workers make and never send, know no secret and touch no journal: making is pure, so a worker that dies is made up
for by making its rows again. What a worker does: batch.py. What travels, and what cannot: packing.py. The
processes, or the caller's executor: crew.py. The batches on their way, in the order of the rows, and whose rows
kill workers: window.py. How all that meets a run, or a check: making.py.
"""
