"""`python -m twinwatch` is the command line too."""

from twinwatch.cli import main

if __name__ == "__main__":
    main(prog_name="twinwatch")
