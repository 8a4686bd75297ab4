"""Stereo clips: noise, a second talker, and windows that vote."""
