"""The function that tells people of compliance changes: what a window has collected, in one readable notification."""
