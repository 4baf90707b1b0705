"""Transcripts of many recordings, written into a folder or a bucket."""
