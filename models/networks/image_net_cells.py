"""Cells of pictures by a network of ImageNet, for `TurningEncoder` to compare in place of its own."""

from torch import Tensor, nn
from torch.nn import functional

from .efficient_net import EfficientNetLite, pretrained, standardised
from .sphere_views import MIDDLE, SPREAD

_BLOCKS, _FILTERS = 5, 40


class ImageNetCells(nn.Module):
    """From pictures on the sphere to cells (n, 40, rows / 4, columns / 4).

    The first three stages of EfficientNet-Lite0 have an eighth of the sphere's grid, which is enlarged to a quarter.
    Cells are standardised over the batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = EfficientNetLite().first_layers(_BLOCKS)
        self.standardised_cells = nn.BatchNorm2d(_FILTERS, affine=False)

    def load(self) -> None:
        """Take the published weights; raises InputError for a missing or another file."""
        self.layers.load_state_dict(pretrained("cpu").first_layers(_BLOCKS).state_dict())

    def forward(self, sphere: Tensor) -> Tensor:
        """Return the cells of what `on_the_sphere` gives; what no picture shows is grey."""
        levels = 255 * (sphere[:, :3] * SPREAD + MIDDLE)
        cells: Tensor = self.standardised_cells(self.layers(standardised(levels)))
        return functional.interpolate(cells, scale_factor=2.0, mode="bilinear")
