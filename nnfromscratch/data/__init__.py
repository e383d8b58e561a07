"""Data: MNIST inside the package, other sets by download, a user's own images; batches and augmentation."""
