"""``python -m esl_router``: the same as ``esl-router``."""

from esl_router.cli.main import main

if __name__ == "__main__":
    main()
