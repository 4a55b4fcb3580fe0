"""Programs that cut one scene whenever they are told to; each runs in the Python that has its package."""
