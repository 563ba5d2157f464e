"""Who acts in these tests."""

from esl_router.model.actor import Actor


def acting(extension):
    """A user at the command line; None: the administrator."""
    return None if extension is None else Actor.user(extension)
