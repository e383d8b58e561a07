"""Neural networks written by hand, to be read, taught from and trusted.

Arrays go into functions that return their result and the way back (``functional``); layers give those functions
parameters (``layers``); networks chain layers (``models``); training turns the crank (``training``).
"""

__version__ = "0.1.0"
