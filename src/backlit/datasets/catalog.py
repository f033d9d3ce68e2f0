"""The published data sets: which files they consist of, the digests that pin them, and where they are served.

This is the one table; a digest appears nowhere else. MNIST is pinned by its unpacked payload (its gzip containers
differ between mirrors), Fashion-MNIST and KMNIST by the SHA-256 of the gzip files their publishers serve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

ROLES = ("x_train", "y_train", "x_test", "y_test")
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SHAPES = ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,))


@dataclass(frozen=True)
class Part:
    """One of the four files: its role, unpacked name and shape, and the SHA-256 of its payload or of its gzip file."""

    role: str
    file: str
    shape: tuple[int, ...]
    payload: str | None
    packed: str | None

    @property
    def payload_bytes(self) -> int:
        """The size of the unpacked file."""
        return 4 + 4 * len(self.shape) + math.prod(self.shape)


@dataclass(frozen=True)
class Published:
    """A data set of the MNIST family: its parts, https mirrors of the gzip files, and the names other tools use."""

    name: str
    title: str
    parts: tuple[Part, ...]
    mirrors: tuple[str, ...]
    keras: str  # below ~/.keras/datasets
    torchvision: str  # the folder torchvision makes


def _parts(payloads: tuple[str, ...] | None = None, packed: tuple[str, ...] | None = None) -> tuple[Part, ...]:
    none = (None, None, None, None)
    rows = zip(ROLES, FILES, SHAPES, payloads or none, packed or none, strict=True)
    return tuple(Part(*row) for row in rows)


MNIST = Published(
    name="mnist",
    title="MNIST",
    parts=_parts(
        payloads=(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        )
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    keras="mnist.npz",
    torchvision="MNIST",
)

FASHION_MNIST = Published(
    name="fashion_mnist",
    title="Fashion-MNIST",
    parts=_parts(
        packed=(
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        )
    ),
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    keras="fashion-mnist",
    torchvision="FashionMNIST",
)

KMNIST = Published(
    name="kmnist",
    title="KMNIST",
    parts=_parts(
        packed=(
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        )
    ),
    mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    keras="kmnist",
    torchvision="KMNIST",
)

CATALOG = {entry.name: entry for entry in (MNIST, FASHION_MNIST, KMNIST)}


def named_after(folder: Path) -> str | None:
    """Return the name of the data set that the last two parts of a path spell ("FashionMNIST/raw"), if any."""
    for part in (folder.name, folder.parent.name):
        plain = part.lower().replace("-", "").replace("_", "").removesuffix(".npz")
        for entry in CATALOG.values():
            if plain == entry.name.replace("_", ""):
                return entry.name
    return None
