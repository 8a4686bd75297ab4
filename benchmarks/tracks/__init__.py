"""What is measured: one file a track."""
