"""A deterministic simulation of delivery: many small worlds, each with its own troubles, in virtual time.

One seed is one world: a campaign of a few rows, servers, a network, a disk, and several runs of the cell. The
engine is the real one, from the runner down to the wire's bytes and the journal's file; what is simulated is
what the engine cannot know: when bytes arrive and whether they do, what the server answers, when the process
dies. The server keeps the truth, and after every run the truth is held against what the engine reported and
recorded.

    python -m simulation --seed 4711 --trace      # in the folder tests: one world, step by step
    python -m simulation --seeds 0:20000          # many of them

Everything that happens in a world follows from its seed: there is one source of chance, time moves only when
nothing is left to do, and nothing depends on the order of a set, on an address in memory, or on the machine's
clock.
"""
