"""One image through all steps of the pipeline, in one process, without a log."""
