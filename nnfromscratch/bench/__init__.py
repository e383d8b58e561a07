"""How fast is it? Training steps and operations beside PyTorch's, in one process, taking turns.

Everything that is compared computes the same numbers, which is checked first. PyTorch is optional and is loaded by the
functions that need it.
"""
