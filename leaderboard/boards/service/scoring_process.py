"""The scoring process as its worker sees it."""

from .asked_process import AskedProcess, NoAnswerError
from .settings import Settings

ScoringError = NoAnswerError
"""What is raised where there is no score."""


class ScoringProcess(AskedProcess):
    """A process that scores, started when it is first asked."""

    def __init__(self, settings: Settings) -> None:
        arguments = [str(settings.folder), str(settings.scoring_bytes)]
        super().__init__("scorer", arguments, "scoring", settings.scoring_seconds)
