"""Run the command line: `python -m pixelprose.cli`."""

from pixelprose.cli.app import main

if __name__ == "__main__":
    main()
