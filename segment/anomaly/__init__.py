"""Which objects and areas are unusual: by place, crowding, size and shape, each with how often chance does as much."""

from segment.anomaly.areas import percentiles, scan_areas
from segment.anomaly.mlography import box_objects, find_mlography_objects, score_like_mlography
from segment.anomaly.positions import score_positions
from segment.anomaly.shape import describe_silhouettes, learn_shapes, pool_silhouettes, score_shapes

__all__ = [
    "box_objects",
    "describe_silhouettes",
    "find_mlography_objects",
    "learn_shapes",
    "percentiles",
    "pool_silhouettes",
    "scan_areas",
    "score_like_mlography",
    "score_positions",
    "score_shapes",
]
