"""Films: bad frames, drift, the common area, objects linked into tracks, events, coarsening and the ripening map."""

from segment.series.bad_frames import find_bad_frames
from segment.series.coarsening import CoarseningLaw, VolumeMoved, coarsening_law, volume_moved
from segment.series.common_area import aligned, common_area
from segment.series.events import find_events
from segment.series.judging import PathQuality, Turning, judge_path, measure_turning
from segment.series.linking import link_objects
from segment.series.read import open_series
from segment.series.ripening_map import RipeningMap, ripening_map
from segment.series.segmenting import FrameSegmenter
from segment.series.shifts import find_shifts

__all__ = [
    "CoarseningLaw",
    "FrameSegmenter",
    "PathQuality",
    "RipeningMap",
    "Turning",
    "VolumeMoved",
    "aligned",
    "coarsening_law",
    "common_area",
    "find_bad_frames",
    "find_events",
    "find_shifts",
    "judge_path",
    "link_objects",
    "measure_turning",
    "open_series",
    "ripening_map",
    "volume_moved",
]
