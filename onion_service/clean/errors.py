"""Every reason a photo is not cleaned. Nothing else is raised by onion_service/clean/ on purpose."""


class CleanError(Exception):
    """Everything onion_service/clean/ raises on purpose."""


class NotAPhotoError(CleanError):
    """Not a kind that can be cleaned. The writer sends it as it is with their explicit word, or not."""


class UnsupportedPhotoError(CleanError):
    """A photo of a rare sort. The writer saves it anew, or sends it with their explicit word."""


class MalformedPhotoError(CleanError):
    """Not a whole, valid photo. The writer picks another copy; nothing of it was kept."""


class TooLargePhotoError(CleanError):
    """Over the limit of bytes or of pixels. The writer makes it smaller."""
