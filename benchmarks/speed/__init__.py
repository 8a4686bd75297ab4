"""Scripts behind the timings in the docs. Run each as `python -m whence.benchmarks.speed.NAME`.

They may import any module; no module imports them.
"""
