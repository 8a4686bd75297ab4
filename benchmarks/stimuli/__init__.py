"""The input of methods: one folder for each kind of sample."""
