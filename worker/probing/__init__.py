"""Learning what a service's documents leave open, by trying it with a little speech.

`probe.py` tells the story, `trials.py` tries, `findings.py` decides what follows.
"""
