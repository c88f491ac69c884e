"""The sink: captions and rejections become rows of Delta tables, each exactly once."""
