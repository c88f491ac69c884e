"""The ingester beside img2dataset: a corpus, its web site, ours and the peer on it."""
