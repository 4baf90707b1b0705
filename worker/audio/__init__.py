"""Decoding: what strangers send, through ffmpeg, to windows of 16 kHz audio."""
