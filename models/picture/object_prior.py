"""Where a picture shows objects, whatever is heard, and how much of that a map takes in: the prior of EZ-VSL.

A network that learned the kinds of ImageNet has large features where an object is. The published prior uses ResNet-18;
this one EfficientNet-Lite0.

Source: Mo and Morgado, "Localizing visual sounds the easy way", ECCV 2022, Sec. 3.3.
"""

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from ..networks.efficient_net import EfficientNetLite, pretrained

Maps = npt.NDArray[np.float64]

SIDE = 224
"""Rows and columns that a picture is resized to, as published; the map has 7 x 7 cells."""


def object_maps(pictures: npt.NDArray[np.uint8], device: str = "cpu") -> Maps:
    """Return maps (n, 7, 7), high where `pictures` (n, rows, columns, 3) show an object: the mean feature.

    Equal pictures in a row are looked at once.
    """
    network, found = pretrained(device), list[Maps]()
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
