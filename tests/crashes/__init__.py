"""kill -9 at random moments, against a server that tells the truth afterwards: nothing lost, nothing doubled.

Real processes and a real file system: what the simulation in virtual time cannot see. `truth` is the server,
`nursery` starts the runs and kills them, `engines` are what runs (the package, and some that are wrong on
purpose), `campaigns` kills, restarts and judges.
"""
