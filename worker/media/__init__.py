"""Recordings' bytes: the media store, and sources that are fetched."""
