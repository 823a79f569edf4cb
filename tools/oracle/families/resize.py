"""Resizing of images: RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR."""

from generator import operator
from oracle_model import Case, constant, options


def resized(g, modes):
    """An image, the operand with its new size, and the two options."""
    source = g.input([g.integer(1, 2), g.integer(1, 6), g.integer(1, 6), g.integer(1, 5)])
    # Sizes up to 9 where the corners are aligned and beyond: scales above, at and below one, and outputs of one pixel.
    size = [g.choice(g.integer(1, 9), g.integer(1, 9), source.shape[axis]) for axis in (1, 2)]
    align_corners, half_pixel_centers = g.choice(*modes)
    return source, constant(size), {"alignCorners": align_corners, "halfPixelCenters": half_pixel_centers}


@operator("RESIZE_BILINEAR", "int8", "uint8", "int16", "float32")
def resize_bilinear(g):
    source, size, flags = resized(g, [(False, False), (True, False), (False, True)])
    return Case("RESIZE_BILINEAR", options("ResizeBilinearOptions", **flags), [source, size], [g.like(source)])


@operator("RESIZE_NEAREST_NEIGHBOR", "int8", "uint8", "int16", "float32")
def resize_nearest_neighbor(g):
    source, size, flags = resized(g, [(False, False), (True, False), (False, True), (True, True)])
    return Case("RESIZE_NEAREST_NEIGHBOR", options("ResizeNearestNeighborOptions", **flags), [source, size], [g.like(source)])
