"""In which frame a plugin wants pictures to be read, without torch; see `models.pixels.Frame`."""

FRAMES = ("square", "vilt", "meter")


def check_frame(frame: str | None) -> None:
    """Refuse a frame that there is not; None names none.

    Raises:
        ValueError: it is unknown.
    """
    if frame is not None and frame not in FRAMES:
        raise ValueError(f"no frame '{frame}'; there are {', '.join(FRAMES)}")
