"""`make attack`: what strangers may send, made at random from a seed, and what it does to each part that reads it.

Each row of the table is a function of an `Assault`. Everything stays on this machine; where the system allows it, all
of it runs in a network of its own, in which every address there is leads to a trap.
"""
