"""``python -m larq_focal``."""

from larq_focal.cli import main

if __name__ == "__main__":
    main()
