"""What can be typed. Whatever computes is imported by the command that needs it, so that ``--help`` is quick."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import NoReturn

import nnfromscratch
from nnfromscratch.cli.article_parser import add_article
from nnfromscratch.cli.gan_parser import add_generate, add_sample
from nnfromscratch.cli.numbers import positive, whole
from nnfromscratch.cli.recipe import DEFAULTS
from nnfromscratch.cli.semi_parser import add_semi
from nnfromscratch.errors import RunError, require_choice

COMMANDS = ("article", "classify", "predict", "generate", "sample", "semi", "gradcheck", "bench")

_EXAMPLES = """\
examples:
  python -m nnfromscratch                              does a GAN help a classifier? six minutes, and a page
  python -m nnfromscratch --quick                      the same in about a minute, roughly
  python -m nnfromscratch classify                     train the default network on MNIST, test it, write a report
  python -m nnfromscratch predict runs/RUN photo.png   what a trained network sees in a picture
  python -m nnfromscratch generate                     train the article's GAN to write digits
  python -m nnfromscratch sample runs/RUN --n 64       draw from a trained generator
  python -m nnfromscratch semi                         does a GAN help a classifier that has few labels?
  python -m nnfromscratch gradcheck                    prove every gradient of the library
  python -m nnfromscratch bench                        how fast it is, beside PyTorch
Each command has more: python -m nnfromscratch classify --help
"""

_ARTICLE_EXAMPLES = """\
examples:
  python -m nnfromscratch                                            about six minutes on two cores
  python -m nnfromscratch article --quick
  python -m nnfromscratch article --seed 1 --out runs/story
  python -m nnfromscratch article --resume runs/story                go on where a run was stopped
"""

_CLASSIFY_EXAMPLES = """\
examples:
  python -m nnfromscratch classify
  python -m nnfromscratch classify --train-size 2000 --epochs 2      a first try, in seconds
  python -m nnfromscratch classify --data fashion-mnist --out runs/fashion
  python -m nnfromscratch classify --data my-pictures --epochs 10    a folder with a folder of pictures for each class
  python -m nnfromscratch classify --resume runs/fashion             go on where a run was stopped
"""

_PREDICT_EXAMPLES = """\
examples:
  python -m nnfromscratch predict runs/classify-2025-01-31-120000 seven.png
  python -m nnfromscratch predict runs/fashion *.jpg --json
"""

_GENERATE_EXAMPLES = """\
examples:
  python -m nnfromscratch generate                                   the article's GAN with what helps it
  python -m nnfromscratch generate --plain                           exactly as the article prints it
  python -m nnfromscratch generate --steps 2000                      a first try
  python -m nnfromscratch generate --gan dcgan --minutes 20
  python -m nnfromscratch generate --gan wgan-gp --data fashion-mnist --judge runs/fashion --out runs/clothes
  python -m nnfromscratch generate --average 0 --label-smoothing 0   without these techniques
  python -m nnfromscratch generate --resume runs/clothes             go on where a run was stopped
"""

_SAMPLE_EXAMPLES = """\
examples:
  python -m nnfromscratch sample runs/generate-2025-01-31-120000 --n 64
  python -m nnfromscratch sample runs/digits --n 1000 --seed 7 --out more.npz
  python -m nnfromscratch sample runs/conditional --classes 3 7 --out threes-and-sevens.png
"""

_SEMI_EXAMPLES = """\
examples:
  python -m nnfromscratch semi                                              100 labels, 5 label sets, 15 min on 2 cores
  python -m nnfromscratch semi --seeds 1 --budget 0.5                       a first look
  python -m nnfromscratch semi --labels 10,100,1000 --seeds 3               a label curve
  python -m nnfromscratch semi --arms gan,consistency-aug --budget 5
  python -m nnfromscratch semi --data my-pictures --image-size 28 --arms all
  python -m nnfromscratch semi --resume runs/semi-2025-01-31-120000         go on where a run was stopped
"""

_GRADCHECK_EXAMPLES = """\
examples:
  python -m nnfromscratch gradcheck
  python -m nnfromscratch gradcheck --operation conv2d
  python -m nnfromscratch gradcheck --kernels vectorized --quick
"""

_BENCH_EXAMPLES = """\
examples:
  python -m nnfromscratch bench                                            the table of training steps, 6 minutes
  python -m nnfromscratch bench --workload lenet --batch 32 --threads 1    one row of it
  python -m nnfromscratch bench --workload small dcgan --batch 64 256 --seconds 5 --json speed.json
  python -m nnfromscratch bench --all --json speed.json                    everything, 25 minutes
"""

_MODELS = "cnn (default), lenet5, judge"
_DATA = (
    "mnist (default, inside the package), fashion-mnist, kmnist, emnist-letters, cifar-10 (downloaded once), or the "
    "path of an .npz file, of a folder of pictures by class, or of a folder with MNIST's four IDX files"
)


class Parser(argparse.ArgumentParser):
    """argparse, but a mistake is an exception like all others, and without a command the first one is meant."""

    def error(self, message: str) -> NoReturn:
        """Raise RunError instead of printing the usage."""
        raise RunError(f"{message} (see {self.prog} --help)")

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """The arguments of a command; ``article`` where none is named. Raises RunError."""
        argv = list(argv)
        if not argv or (argv[0].startswith("-") and argv[0] not in ("-h", "--help", "--version")):
            argv.insert(0, COMMANDS[0])
        if not argv[0].startswith("-"):
            require_choice("nnfromscratch", "command", argv[0], COMMANDS)
        return self.parse_args(argv)


def build_parser() -> Parser:
    """The parser of all commands."""
    parser = Parser(
        prog="python -m nnfromscratch",
        description="Neural networks written by hand. Without a command: article.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nnfromscratch {nnfromscratch.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    article = _command(commands, "article", "a CNN, a GAN, and whether both together are better", _ARTICLE_EXAMPLES)
    add_article(article)
    article.set_defaults(run=_run("article"))
    _classify(_command(commands, "classify", "train a classifier, test it, write a report", _CLASSIFY_EXAMPLES))
    _predict(_command(commands, "predict", "what a trained network sees in pictures", _PREDICT_EXAMPLES))
    for name, summary, examples, add in (
        ("generate", "train a GAN, measure its samples, write a report", _GENERATE_EXAMPLES, add_generate),
        ("sample", "draw from a trained generator", _SAMPLE_EXAMPLES, add_sample),
        ("semi", "compare ways to learn from few labels, with and without a GAN", _SEMI_EXAMPLES, add_semi),
    ):
        command = _command(commands, name, summary, examples)
        add(command)
        command.set_defaults(run=_run(name))
    _gradcheck(_command(commands, "gradcheck", "prove the gradients of every operation and layer", _GRADCHECK_EXAMPLES))
    _bench(_command(commands, "bench", "time training steps and operations, beside PyTorch's", _BENCH_EXAMPLES))
    return parser


def _command(commands: argparse._SubParsersAction[Parser], name: str, summary: str, examples: str) -> Parser:
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _classify(parser: Parser) -> None:
    # None stands for what was not typed, which --resume must know; recipe.py has the defaults.
    parser.add_argument("--data", metavar="NAME|PATH", help=_DATA)
    parser.add_argument("--model", metavar="NAME", help=_MODELS)
    parser.add_argument(
        "--epochs", type=whole(1), metavar="N", help=_default("epochs", "passes over the training images")
    )
    parser.add_argument(
        "--seed", type=whole(0), metavar="N", help=_default("seed", "decides everything that is random")
    )
    parser.add_argument("--batch-size", type=whole(1), metavar="N", help=_default("batch_size", "images in a step"))
    parser.add_argument(
        "--learning-rate", type=positive, metavar="X", help=_default("learning_rate", "of the first step")
    )
    parser.add_argument("--train-size", type=whole(1), metavar="N", help="learn from so many images (default: all)")
    parser.add_argument(
        "--image-size", type=whole(1, most=1024), metavar="N", help="resize a folder's pictures to N×N pixels"
    )
    parser.add_argument(
        "--kernels",
        metavar="NAME",
        help="compiled (default with Numba), vectorized (NumPy), loops (to read; very slow)",
    )
    parser.add_argument("--out", metavar="DIR", help="the run's folder (default runs/classify-DATE-TIME)")
    parser.add_argument("--resume", metavar="DIR", help="go on with the run in DIR, with the settings it had")
    parser.set_defaults(run=_run("classify"))


def _default(name: str, meaning: str) -> str:
    return f"{meaning} (default {DEFAULTS[name]})"


def _predict(parser: Parser) -> None:
    parser.add_argument("folder", metavar="RUN", help="the folder of a finished classify run")
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="+",
        help="pictures of any size, grey or colour, dark on light or light on dark",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with the probability of every class")
    parser.set_defaults(run=_run("predict"))


def _gradcheck(parser: Parser) -> None:
    parser.add_argument(
        "--kernels", metavar="NAME[,NAME]", help="loops, vectorized, compiled (default: all that are installed)"
    )
    parser.add_argument("--operation", metavar="NAME", help="one operation or layer, such as conv2d or BatchNorm")
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="draws the cases (default 0)")
    parser.add_argument("--quick", action="store_true", help="fewer random cases, and no faults but people's mistakes")
    parser.set_defaults(run=_run("gradcheck"))


def _bench(parser: Parser) -> None:
    # None stands for what was not typed; bench/chosen.py has the defaults.
    for option, metavar, meaning in (
        ("--workload", "NAME", "lenet, small, dcgan, article-gan (default: all)"),
        ("--batch", "N", "images in a step (default 32 and 128)"),
        ("--threads", "N", "for both sides (default 1 and 2)"),
    ):
        parser.add_argument(option, action="extend", nargs="+", metavar=metavar, help=meaning)
    for option, meaning in (
        ("--steps", "time whole training steps (this is the default)"),
        ("--profile", "show where a step's time goes: each kind of kernel, Python around them, on one thread"),
        ("--operations", "time single operations, also as a share of the machine's matrix-product peak"),
        ("--kernels", "time the three sets of kernels against each other"),
        ("--scaling", "show how the cost grows with the channels, the size of the images and the batch"),
        ("--memory", "measure the peak memory of a step, each in a fresh process"),
        ("--all", "all of these, about 25 minutes: the figures of the documentation"),
    ):
        parser.add_argument(option, action="store_true", help=meaning)
    parser.add_argument("--seconds", type=positive, metavar="X", help="for each training step (default 15)")
    parser.add_argument("--seed", type=whole(0), metavar="N", help="draws weights and batches (default 0)")
    parser.add_argument("--json", metavar="FILE", help="write all figures to FILE, and pictures beside it")
    parser.add_argument("--picture", metavar="FILE", help="write the picture to FILE")
    parser.add_argument("--out", metavar="DIR", help="without --json: the run's folder (default runs/bench-DATE-TIME)")
    parser.set_defaults(run=_run("bench"))


def _run(command: str) -> Callable[[argparse.Namespace], int]:
    """The function of a command, imported when it is called."""

    def run(arguments: argparse.Namespace) -> int:
        import importlib

        code: int = importlib.import_module(f"nnfromscratch.cli.{command}").run(arguments)
        return code

    return run
