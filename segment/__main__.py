"""`python -m segment`."""

from segment.cli import main

if __name__ == "__main__":
    main()
