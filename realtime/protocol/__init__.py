"""What both ends share: events, the rules of a conversation, errors and refusals, speech in a stream. No socket."""
