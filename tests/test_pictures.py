"""Pictures of a digit, from a clean scan to a shadowy photo, come back as the MNIST-like image they show.

The originals are our own strokes, enlarged, inverted, turned, moved, lit unevenly and saved in every mode.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit.datasets import mnist, pictures, strokes
from backlit.datasets.pictures import as_mnist
from backlit.errors import ConfigError, DataError

Image = pytest.importorskip("PIL.Image", reason="pictures need Pillow, the image extra")

Picture = np.ndarray[Any, Any]


def full_size(image: Picture) -> bool:
    """Say whether the ink is 19 to 21 pixels long or high, so that nothing needs to be resampled."""
    ink = image > 5
    return abs(max(int(np.ptp(np.flatnonzero(ink.any(axis=k)))) + 1 for k in (0, 1)) - 20) <= 1


ORIGINALS = np.stack([image for image in strokes.draw(np.arange(60))[0] if full_size(image)][:40])


def distance(found: Picture, expected: Picture) -> float:
    """The mean difference in gray levels at the best shift of at most one pixel."""
    shifts = [np.roll(found, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return min(float(np.abs(shift.astype(float) - expected).mean()) for shift in shifts)


def enlarged(image: Picture, factor: int) -> Picture:
    return np.asarray(Image.fromarray(image).resize((28 * factor, 28 * factor), Image.Resampling.BICUBIC))


def photo(image: Picture) -> Picture:
    """Dark ink on paper with a shadow over a corner, a vignette and noise."""
    rng = np.random.default_rng(int(image.sum()))
    ink = enlarged(image, 15) / 255
    y, x = np.mgrid[0 : 1 : ink.shape[0] * 1j, 0 : 1 : ink.shape[1] * 1j]
    light = 0.9 - 0.35 * x - 0.15 * y * y
    return (np.clip(light * (1 - 0.75 * ink) + 0.02 * rng.standard_normal(ink.shape), 0, 1) * 255).astype(np.uint8)


def on_a_large_sheet(image: Picture) -> Picture:
    sheet = np.full((400, 700), 240, np.uint8)
    sheet[200:396, 440:636] = np.minimum(255 - enlarged(image, 7), 240)
    return sheet


def with_dust(image: Picture) -> Picture:
    sheet = on_a_large_sheet(image)
    sheet[20:23, 30:33] = sheet[350, 60] = 20
    return sheet


def red_on_blue(image: Picture) -> Picture:
    ink = enlarged(image, 6)[..., None] / 255
    return (ink * [200, 30, 40] + (1 - ink) * [60, 60, 190]).astype(np.uint8)


def noisy(image: Picture) -> Picture:
    noise = np.random.default_rng(0).normal(0, 12, image.shape)
    return np.clip(image * 0.75 + 35 + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "bound"),
    [
        (lambda image: image, 1),
        (lambda image: 255 - image, 1),
        (lambda image: image / 255, 1),
        (lambda image: image.astype(np.uint16) * 257, 1),
        (lambda image: image.astype(np.int64), 1),
        (lambda image: image[..., None].repeat(3, axis=-1), 1),
        (lambda image: np.roll(image, (2, -3), (0, 1)), 3),
        (lambda image: enlarged(image, 3), 10),
        (lambda image: 255 - enlarged(image, 25), 10),
        (on_a_large_sheet, 10),
        (with_dust, 10),
        (photo, 11),
        (red_on_blue, 10),
        (noisy, 10),
    ],
)
def test_the_digit_comes_back(change: Callable[[Picture], Picture], bound: float) -> None:
    distances = [distance(as_mnist(change(image)), image) for image in ORIGINALS]
    assert np.mean(distances) < bound  # two different digits differ by 40 or more
    assert max(distances) < 5 * bound


def test_different_digits_are_far_apart() -> None:
    others = np.roll(ORIGINALS, 1, axis=0)
    assert np.mean([distance(a, b) for a, b in zip(ORIGINALS, others, strict=True)]) > 30


@pytest.mark.mnist
def test_mnist_images_hardly_change(mnist_dir: Path) -> None:
    _, (x_test, _) = mnist.load_data(data_dir=mnist_dir)
    distances = [float(np.abs(as_mnist(image).astype(float) - image).mean()) for image in x_test[:300]]
    assert np.mean(distances) < 1
    assert np.mean([distance(as_mnist(photo(image)), image) for image in x_test[:30]]) < 11


def test_the_frame_is_that_of_mnist() -> None:
    for image in ORIGINALS:
        found = as_mnist(255 - enlarged(image, 9)[40:])
        assert (found.shape, found.dtype, found.max()) == ((28, 28), np.uint8, 255)
        rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
        assert max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 in (19, 20)
        mass = found / found.sum()
        assert abs((mass.sum(axis=0) * np.arange(28)).sum() - 14) <= 1
        assert abs((mass.sum(axis=1) * np.arange(28)).sum() - 14) <= 1


def test_a_thin_pen_is_thickened() -> None:
    picture = np.full((600, 400), 255, np.uint8)
    picture[60:540, 198:201] = 0
    picture[60:63, 100:300] = 0
    found = as_mnist(picture)
    assert (found > 100).sum() >= 40
    assert found.max() == 255


# --- files -------------------------------------------------------------------------------------------------------

IMAGE = ORIGINALS[2]


def scan() -> Picture:
    return 255 - enlarged(IMAGE, 8)


def transparent(ink: int) -> Any:
    alpha = enlarged(IMAGE, 8)
    return Image.fromarray(np.dstack([np.full((*alpha.shape, 3), ink, np.uint8), alpha]))


FILES: dict[str, Callable[[], tuple[Any, str, dict[str, Any]]]] = {
    "gray png": lambda: (Image.fromarray(scan()), "png", {}),
    "16-bit png": lambda: (Image.fromarray(scan().astype(np.uint16) * 257), "png", {}),
    "1-bit png": lambda: (Image.fromarray(scan()).convert("1"), "png", {}),
    "palette png": lambda: (Image.fromarray(scan()).convert("P"), "png", {}),
    "palette with transparency": lambda: (transparent(0).quantize(16), "png", {}),
    "gray with alpha": lambda: (transparent(0).convert("LA"), "png", {}),
    "black ink on nothing": lambda: (transparent(0), "png", {}),
    "white ink on nothing": lambda: (transparent(255), "png", {}),
    "jpeg": lambda: (Image.fromarray(scan()), "jpeg", {"quality": 60}),
    "cmyk jpeg": lambda: (Image.fromarray(scan()).convert("RGB").convert("CMYK"), "jpeg", {}),
    "bmp": lambda: (Image.fromarray(scan()), "bmp", {}),
    "gif": lambda: (Image.fromarray(scan()), "gif", {}),
    "float tiff": lambda: (Image.fromarray(scan().astype(np.float32) / 255), "tiff", {}),
    "webp": lambda: (Image.fromarray(scan()).convert("RGB"), "webp", {}),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    image, extension, options = FILES[kind]()
    file = tmp_path / f"digit.{extension}"
    image.save(file, **options)
    assert distance(as_mnist(file), IMAGE) < 12
    np.testing.assert_array_equal(as_mnist(str(file)), as_mnist(file))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_in_any_way(tmp_path: Path, orientation: int) -> None:
    transpose = Image.Transpose
    undo = {
        2: transpose.FLIP_LEFT_RIGHT,
        3: transpose.ROTATE_180,
        4: transpose.FLIP_TOP_BOTTOM,
        5: transpose.TRANSPOSE,
        6: transpose.ROTATE_90,
        7: transpose.TRANSVERSE,
        8: transpose.ROTATE_270,
    }
    image = Image.fromarray(scan())
    if orientation in undo:
        image = image.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "digit.jpg", exif=exif)
    assert distance(as_mnist(tmp_path / "digit.jpg"), IMAGE) < 12


def saved(image: Any, form: str) -> bytes:
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not a readable picture"),
        (b"just text", "not a readable picture"),
        (saved(Image.fromarray(scan()), "png")[:300], "not a readable picture"),
        (saved(Image.fromarray(scan()), "jpeg")[:900], "not a readable picture"),
        (saved(Image.new("L", (50, 50), 255), "png"), "is blank"),
        (saved(Image.new("L", (1, 1), 0), "png"), "is blank"),
        (saved(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "png"), "is blank"),
        (saved(Image.new("1", (20000, 6000), 1), "png"), "20000x6000 pixels"),
        (saved(Image.new("1", (30000, 20000), 1), "png"), "too large"),
    ],
)
def test_pictures_that_cannot_be_used_are_named(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "odd.png"
    file.write_bytes(content)
    with pytest.raises(DataError, match=complaint) as caught:
        as_mnist(file)
    assert str(file) in str(caught.value)


def test_missing_files_folders_and_noise(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        as_mnist(tmp_path / "absent.png")
    with pytest.raises(DataError, match="not a readable picture"):
        as_mnist(tmp_path)
    with pytest.raises(DataError, match="no ink"):
        as_mnist(np.random.default_rng(0).normal(128, 12, (200, 200)).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(784),
        np.zeros((0, 5)),
        np.zeros((28, 28, 2)),
        np.zeros((2, 28, 28, 1)),
        np.full((28, 28), np.nan),
        np.full((28, 28), -1.0),
        np.full((28, 28), 1e6),
        np.zeros((28, 28), complex),
        np.array([["a", "b"]]),
    ],
)
def test_arrays_that_are_no_picture(array: Picture) -> None:
    with pytest.raises(DataError, match="array"):
        as_mnist(array)


def test_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(scan()).save(tmp_path / "digit.png")
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(ConfigError, match=r"backlit\[image\]"):
        as_mnist(tmp_path / "digit.png")


def test_the_connected_pieces() -> None:
    mask = np.zeros((9, 60), bool)
    mask[1, 1:50] = mask[1:8, 50] = mask[7, 10:51] = True  # one bent line, 96 pixels
    mask[4, 2:6] = True  # a separate stroke of some size stays
    mask[4, 20] = True  # a speck goes
    kept = pictures._connected(mask)
    assert not kept[4, 20]
    assert kept.sum() == mask.sum() - 1
