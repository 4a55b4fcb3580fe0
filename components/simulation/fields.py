"""Smooth random fields, the raw material of covers and textures."""

import numpy as np
import numpy.typing as npt
import scipy.fft

FloatArray = npt.NDArray[np.float64]


def smooth_field(rng: np.random.Generator, shape: tuple[int, int], length_px: float) -> FloatArray:
    """Gaussian random field of zero mean and unit variance with a correlation length [pixel]; it wraps at the edges.

    Args:
        rng: source of randomness.
        shape: rows and columns.
        length_px: standard deviation of the Gaussian that smooths white noise [pixel].

    Returns:
        (H, W) float64.
    """
    spectrum = scipy.fft.rfft2(rng.standard_normal(shape))
    rows = scipy.fft.fftfreq(shape[0])[:, None]
    cols = scipy.fft.rfftfreq(shape[1])[None, :]
    spectrum *= np.exp(-2 * (np.pi * length_px) ** 2 * (rows**2 + cols**2))
    field: FloatArray = scipy.fft.irfft2(spectrum, s=shape)
    field -= field.mean()
    field /= field.std()
    return field


def rotated_coordinates(shape: tuple[int, int], angle_rad: float) -> tuple[FloatArray, FloatArray]:
    """Pixel coordinates (along, across) about the centre, each (H, W), turned by an angle [radian]."""
    rows, cols = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    rows -= shape[0] / 2
    cols -= shape[1] / 2
    return (
        cols * np.cos(angle_rad) + rows * np.sin(angle_rad),
        -cols * np.sin(angle_rad) + rows * np.cos(angle_rad),
    )
