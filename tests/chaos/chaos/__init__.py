"""The whole pipeline under a seeded nemesis, judged by an independent reader."""
