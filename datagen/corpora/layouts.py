"""Finds the speaker of a file from its path: the layout of a known corpus, folder names, or unknown.

A path alone names a speaker by its folder only if that is the only one. All paths of a corpus together tell more: the
outermost folder that varies is taken for the speaker. It may be a chapter or a video, so the number of speakers is
printed, and the level can be given.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

UNKNOWN = "unknown"
"""The speaker is unknown. Files in one top-level folder then count as one voice, any other file as its own."""

FOLDER_NAMES = "folder names"

_LAYOUTS = (
    ("LibriSpeech", re.compile(r"(?:^|[^0-9])(?P<who>\d+)-\d+-\d{4}$")),
    ("LibriTTS", re.compile(r"(?:^|[^0-9])(?P<who>\d+)_\d+_\d{6}_\d{6}$")),
    ("Multilingual LibriSpeech", re.compile(r"(?:^|/)(?P<book>\d+)/(?P<who>\d+)_(?P=book)_\d{6}$")),
    ("Multilingual LibriSpeech", re.compile(r"^(?P<who>\d+)_\d+_\d{6}$")),
    ("CMU ARCTIC", re.compile(r"arctic_(?:us_)?(?P<who>[a-z]+)_[ab]\d{4}$")),
    ("CMU ARCTIC", re.compile(r"(?:^|/)cmu_us_(?P<who>[a-z]+)_arctic[^/]*/")),
    ("L2-ARCTIC", re.compile(r"(?:^|/)(?P<who>[A-Z]{2,5})/wav/arctic_[ab]\d{4}$")),
    ("VCTK", re.compile(r"(?:^|/)(?P<who>p\d{3}|s5)/(?P=who)_\d{3}(?:_mic\d)?$")),
    ("VCTK", re.compile(r"^(?:[^/]*[^a-zA-Z0-9/])?(?P<who>p\d{3}|s5)_\d{3}(?:_mic\d)?$")),
    ("VoiceBank-DEMAND", re.compile(r"(?:^|/)(?:clean|noisy)_(?:train|test)set[^/]*/(?P<who>p\d{3})_\d{3}$")),
    ("VoxCeleb", re.compile(r"(?:^|/)(?P<who>id\d{5})/[\w-]{11}/\d{5,7}$")),
    ("VoxCeleb", re.compile(r"(?:^|[^a-zA-Z0-9])(?P<who>id\d{5})[-_][\w-]{11}[-_]\d{5,7}$")),
    ("Speech Commands", re.compile(r"(?:^|/)(?P<who>[0-9a-f]{8})_nohash_\d+$")),
    ("HiFiTTS", re.compile(r"(?:^|/)(?P<who>\d+)_(?:clean|other)/\d+/[^/]+$")),
    ("LJSpeech", re.compile(r"(?:^|[^a-zA-Z0-9])(?P<who>LJ)\d{3}-\d{4}$")),
    ("M-AILABS", re.compile(r"(?:^|/)by_book/(?:fe)?male/(?P<who>[^/]+)/[^/]+/")),
    ("TIMIT", re.compile(r"(?:^|/)(?P<who>[FM][A-Z]{3}\d)/S[AIX]\d{1,4}(?:\.WAV)?$", re.IGNORECASE)),
)
"""Patterns of file paths in known corpora, without extension; `who` is the speaker."""

_SPEAKERLESS = re.compile(
    r"(?:^|/)common_voice_[\w-]+_\d+(?:\.mp3)?$|(?:^|/)arctic_[ab]\d{4}$|^(?=[^/]*[A-Z])(?=[^/]*[a-z])[\w-]{11}/\d{5,7}$"
)
"""Files of Common Voice (speakers are in a table), and of ARCTIC and VoxCeleb without their speaker folder."""

_NO_SPEAKER = re.compile(
    r"(?:sessions?|chapters?|books?|parts?|fold|discs?|disks?|cd|dr|days?|weeks?|takes?|videos?|episodes?|lectures?|"
    r"meetings?|scripts?|sentences?|batch|set|mics?|microphones?|channels?|ch|arrays?|devices?|positions?|rooms?|"
    r"tracks?|shards?|chunks?|volumes?|vol|phrases?|utterances?)[-_. ]?\d+|(?:19|20)\d{2}[-_.]?\d{2}[-_.]?\d{2}.*",
    re.IGNORECASE,
)
"""Names of folders that number or date recordings and name nobody."""

_CONTAINER = re.compile(
    r"(?:cv[-_. ])?(?:(?:valid|invalid|other)[-_. ])?"
    r"(?:train|training|dev|development|test|testing|val|valid|validated|validation|eval|evaluation|invalid|other)"
    r"(?:[-_. ]?(?:clean|other|set|data|wav|audio|all|full|\d+))*|"
    r"wavs?\d*(?:_silence_trimmed)?|audios?|flac|mp3|aac|m4a|ogg|opus|sph|clips|speech|sounds?|recordings?|data|raw|"
    r"corpus|(?:fe)?males?|(?:wo)?men|clean|noisy|reverb(?:erant)?|enhanced|denoised|"
    r"angry|anger|happy|happiness|sad|sadness|neutral|calm|fear|fearful|disgust|disgusted|surprised?|"
    r"en|de|fr|es|it|nl|pl|pt|ru|zh|ja|(?-i:[a-z]{2}[-_][A-Z]{2})|english|german|french|spanish|italian|dutch|polish|"
    r"portuguese|russian|chinese|mandarin|japanese",
    re.IGNORECASE,
)
"""Names of folders that mix speakers: parts of a corpus, kinds of file, sexes, conditions, moods and languages."""


def speaker_of(name: str) -> tuple[str, str]:
    """Return the speaker in the path `name`, and how it is known: the name of a corpus, folder names or unknown.

    >>> speaker_of("84/121123/84-121123-0001.flac"), speaker_of("test/1089/134686/1089_134686_000001_000001.wav")
    (('84', 'LibriSpeech'), ('1089', 'LibriTTS'))
    >>> speaker_of("train/ann/1.wav"), speaker_of("castanets.flac"), speaker_of("ann/monday/1.wav")
    (('ann', 'folder names'), ('castanets', 'unknown'), ('ann', 'unknown'))
    """
    path = PurePosixPath(name)
    stem = _stem(name)
    for layout, pattern in _LAYOUTS:
        if match := pattern.search(stem):
            return match["who"], layout
    telling = _telling(path.parts[:-1])
    known = len(telling) == 1 and not _SPEAKERLESS.search(stem) and not _NO_SPEAKER.fullmatch(telling[0])
    return telling[0] if telling else stem, FOLDER_NAMES if known else UNKNOWN


def speakers_by_level(names: Sequence[str], level: int | None = None) -> dict[str, str]:
    """Return the folder that names the speaker of each of `names`, which tell it in no other way.

    It is the folder at `level`, 1 the outermost, or else the outermost one that varies; folders that mix speakers, and
    numbered sessions and the like, do not count then. Files without such a folder are left out.

    >>> speakers_by_level(["us/ann/monday/1.wav", "us/bob/monday/1.wav"])
    {'us/ann/monday/1.wav': 'ann', 'us/bob/monday/1.wav': 'bob'}
    """
    paths = {name: PurePosixPath(name).parts[:-1] for name in names}
    if level is None:
        paths = {name: _telling(parts) for name, parts in paths.items() if not _SPEAKERLESS.search(_stem(name))}
        level = 1 + next((k for k in range(max(map(len, paths.values()), default=0)) if _varies(paths.values(), k)), -1)
    return {name: parts[level - 1] for name, parts in paths.items() if 0 < level <= len(parts)}


def _telling(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(part for part in parts if not _CONTAINER.fullmatch(part))


def _varies(paths: Iterable[Sequence[str]], k: int) -> bool:
    """Return whether folder `k` differs among `paths`, and numbers or dates none of them."""
    values = {parts[k] for parts in paths if len(parts) > k}
    return len(values) > 1 and not any(_NO_SPEAKER.fullmatch(value) for value in values)


def _stem(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()
