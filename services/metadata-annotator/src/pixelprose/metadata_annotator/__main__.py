"""Run the metadata-annotator: `python -m pixelprose.metadata_annotator`."""

from typing import NoReturn

from pixelprose.host import run_service
from pixelprose.metadata_annotator.app import build
from pixelprose.metadata_annotator.settings import MetadataAnnotatorSettings


def main() -> NoReturn:
    """Run until told to stop."""
    run_service("metadata-annotator", MetadataAnnotatorSettings, build)


if __name__ == "__main__":
    main()
