"""The files in the folder of a run of ``generate``, besides those that every run has."""

GENERATOR = "generator.npz"  # with averaged weights, where the run averages them: the one that made the samples
DISCRIMINATOR = "discriminator.npz"
SAMPLES = "samples.npz"  # images: (10,000, C, H, W), uint8; labels where the generator is told classes
LOOKS = "looks.npz"  # what the same noise became, step after step, and its figures
ANIMATION = "progress.gif"
REPORT = "report.html"
