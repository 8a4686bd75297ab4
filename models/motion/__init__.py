"""Models of a turning head: rotation from pictures, azimuth from sound (Chen et al. 2023, SLfM)."""
