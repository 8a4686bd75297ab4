"""Scripts behind single findings in the docs. Run each as `python -m whence.benchmarks.studies.NAME`.

They may import any module; no module imports them.
"""
