"""How reverberant homes are said to be after rendering."""

import numpy as np

from whence.datagen.ringing import reverberation_remarks


def test_a_home_that_rings_is_named():
    rt60 = np.array([[0.5, np.nan], [0.7, 0.6], [2.0, 2.2], [np.nan, np.nan]])
    listed, ringing = reverberation_remarks(["flat", "flat", "bath", "void"], rt60)
    assert listed == "RT60 as rendered: bath 2.10 s, flat 0.60 s"
    assert ringing.startswith("1 of 2 homes ring: bath 2.10 s; furnished ones have 0.3 to 0.8 s. ")


def test_homes_without_a_measured_decay_are_left_out():
    assert reverberation_remarks(["void"], [[np.nan]]) == ()
    assert reverberation_remarks([f"home{k}" for k in range(7)], np.full(7, 0.4))[0].endswith("and 2 more")
