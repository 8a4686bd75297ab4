"""The noise level, a setting shared by several stimuli."""

from typing import Any

from ...errors import InputError

NOISE: dict[str, Any] = {
    "name": "SNR",
    "unit": "dB",
    "option": "--snr",
    "metavar": "DB ...",
    "help": "Noise levels in dB, or `clean`. [default: the track's]",
    "absent": "clean",
    "off": "clean",
    "off_is_highest": True,
}


def check_noise(snr_db: float | None) -> None:
    """Raise InputError unless `snr_db` is a valid level, or None for no noise."""
    if snr_db is not None and not -100 <= snr_db <= 200:
        raise InputError(f"snr={snr_db:g} dB: expected -100 to 200, or clean")
