import pytest

from nnfromscratch import data


@pytest.fixture(scope="session")
def digits():
    """400 digits to learn from and 100 to look at."""
    train = data.load("mnist").train
    return train.take(slice(0, 400)), train.take(slice(400, 500))
