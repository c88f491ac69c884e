"""`python -m pixelprose.lake > docs/reference/tables.md`: the reference of all tables."""

import sys

from pixelprose.lake.reference import reference

if __name__ == "__main__":
    sys.stdout.write(reference())
