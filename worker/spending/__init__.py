"""What sending costs, and how much of it may be spent.

A reservation is settled in the transaction that stores what was paid for: `Reservation.settle` is handed to whoever
writes the answer, as a function of the session, so that an answer and its cost are in the rows together or not at all.
"""
