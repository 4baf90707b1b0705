"""Splitting: from windows of audio to the pieces that are sent, cut at pauses."""
