"""Public sets of pictures with sounding objects, each as its authors and the common loaders lay it out."""
