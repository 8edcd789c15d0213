"""Hostile input: what reads bytes or text from strangers gives a result or an error of ours, and ends."""
