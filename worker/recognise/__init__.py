"""Audio in, answers out: the port to the recognisers, and the sessions behind it."""
