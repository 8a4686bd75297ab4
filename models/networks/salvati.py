"""A convolutional network on parametrised generalised cross-correlations (Salvati et al., Interspeech 2021).

Salvati's own sizes are not published; StereoCRW used the features (Sec. 4.1) without releasing the network.
"""

from torch import Tensor, nn

from .correlation import cross_spectra, generalised_correlations, normalised

EXPONENTS = tuple(k / 10 for k in range(11))
MAX_LAG = 24
"""Largest lag of the features, samples: 1.5 ms."""


class SalvatiNetwork(nn.Module):
    """From windows (..., 2, samples) to delays (...) in samples.

    Features: an 11 x 49 image of correlations, one row for each exponent of the magnitude. Five 3 x 3 convolutions of
    `widths` filters shrink the 11 rows to one; linear layers of `hidden` units give the delay. With widths 32 to 512
    and twice 512 units, these are the layers of PGCC-PHAT as rebuilt for NGCC-PHAT (Berg et al. 2022).
    """

    def __init__(self, widths: tuple[int, ...], hidden: tuple[int, ...], dropout: float = 0.2) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for given, made in zip((1, *widths[:-1]), widths, strict=True):
            layers += [nn.Conv2d(given, made, 3), nn.BatchNorm2d(made), nn.ReLU()]
        rows, columns = len(EXPONENTS) - 2 * len(widths), 2 * MAX_LAG + 1 - 2 * len(widths)
        units = (widths[-1] * rows * columns, *hidden)
        head: list[nn.Module] = []
        for given, made in zip(units, hidden, strict=False):
            head += [nn.Linear(given, made), nn.BatchNorm1d(made), nn.ReLU(), nn.Dropout(dropout)]
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Sequential(*head, nn.Linear(units[-1], 1))

    def forward(self, windows: Tensor) -> Tensor:
        """Return the delay of each window."""
        features = salvati_features(windows)
        image = features.reshape(-1, 1, *features.shape[-2:])
        delays: Tensor = self.head(self.convolutions(image).flatten(1)) * MAX_LAG / 2
        return delays.reshape(windows.shape[:-2])


def salvati_features(windows: Tensor) -> Tensor:
    """Return the features (..., 11, 49) of windows (..., 2, samples): each row divided by its largest magnitude."""
    rows = generalised_correlations(cross_spectra(normalised(windows)), EXPONENTS, MAX_LAG)
    return rows / rows.abs().amax(dim=-1, keepdim=True).clamp_min(1e-12)
