"""The functions that notify people: the digest of a window's changes, and the scheduled report."""
