r"""Formulas of metrics in LaTeX, which the documentation shows: x_i is the truth and \hat{x}_i the answer.

`w` wraps an angle to (-180, 180] degrees, `f` mirrors it from the back to the front, `\#` counts.
"""

ERROR = r"|\hat{x}_i - x_i|"
ANGLE = r"|w(\hat{x}_i - x_i)|"
FOLDED = r"|f(\hat{x}_i) - f(x_i)|"
REACHED = r"\mathrm{IoU}_i \geq 0.5"
WORST = r"\min_{i \in k} \mathrm{IoU}_i"
"""The worst map of picture k."""


def mean(term: str) -> str:
    r"""Return the formula of the mean of `term`.

    >>> mean("e_i")
    '\\frac{1}{n} \\sum_i e_i'
    """
    return rf"\frac{{1}}{{n}} \sum_i {term}"


def share(condition: str, of: str = "i") -> str:
    r"""Return the formula of the share, in per cent, of those that meet `condition`.

    >>> share("e_i < 1")
    '\\frac{100}{n} \\#\\{i : e_i < 1\\}'
    """
    return rf"\frac{{100}}{{n}} \#\{{{of} : {condition}\}}"


def area(iou: str, of: str = "i") -> str:
    """Return the formula of the area under the success of `iou` over 21 thresholds, by the trapezoid rule."""
    return rf"\frac{{100}}{{n}} \sum_{of} \int_0^1 [{iou} \geq \tau] \, d\tau, \quad \tau = 0, 0.05, \ldots, 1"
