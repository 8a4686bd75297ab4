"""Settings varied by the datasets themselves, by which several tracks split their samples."""

from ..questions.settings import Setting

RT60 = Setting("rt60_nominal", "RT60", "s", present="RT60 {:g} s", absent="all RT60")
ROTATION_BAND = Setting(
    "rotation_up_to", "|rotation| up to", "deg", present="rotation up to {:g} deg", absent="all rotations"
)
