import io

import numpy as np
from PIL import Image


def texts(figure):
    return [text.get_text() for text in figure.texts]


def ink_outside(figure):
    """Whether anything but white touches the figure's rim: a label that is cut off."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=50)
    pixels = np.asarray(Image.open(buffer).convert("L"))
    rim = np.concatenate([pixels[:1].ravel(), pixels[-1:].ravel(), pixels[:, :1].ravel(), pixels[:, -1:].ravel()])
    return (rim < 250).any()
