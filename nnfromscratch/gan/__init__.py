"""Two networks that play against each other: objectives, techniques, the two-player loop, metrics and diagnosis."""
