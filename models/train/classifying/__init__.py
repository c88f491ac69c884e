"""The demo image classifiers: what they learn, how, and how right they are."""
