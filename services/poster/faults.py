"""What may be wrong with a poster's ingredients; the texts are for the operator who gave them."""


class PosterError(Exception):
    """A poster cannot be drawn from what was given."""


class LayoutError(PosterError):
    """A layout file is wrong: the text names the file, the key and what is allowed."""


class PictureError(PosterError):
    """A product picture is too large, broken, missing or no picture."""


class LinkTooLong(PosterError):
    """A link does not fit the layout's QR box at eight pixels a module."""
