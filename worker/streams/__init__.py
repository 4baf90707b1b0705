"""Recordings that the service cuts itself, streamed in VAD mode."""
