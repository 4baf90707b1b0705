"""Filling an archive from manifests, folders and buckets, in the background."""
