"""Handlers that decide the same thing in other ways, each as a user of that way would write it."""
