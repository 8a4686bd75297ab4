"""Networks, and the features that they begin with. They know nothing of datasets or files."""
