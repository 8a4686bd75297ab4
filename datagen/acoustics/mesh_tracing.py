"""Traces rays from a listener through a scene and connects each surface they meet to every source.

A ray leaves the listener with energy 1 / (4 pi rays), so a free path of d metres brings 1 / (4 pi d)^2, the energy of
the amplitude 1 / (4 pi d). By reciprocity this is the sound that reaches the listener from along the ray. A surface
with absorption a and scattering s (in each octave band) passes on 1 - a of the energy:

* the share s is reflected diffusely (Lambert's law) and connected to each source visible from the point (diffuse rain,
  Heinz 1993);
* the share 1 - s is reflected specularly and cannot be connected. Instead, a ball around each source collects the
  energy density of the rays that pass through it: energy times path length inside, over the volume of the ball in
  sight of the source. Diffuse reflections from points inside the ball are collected the same way, so no connection is
  shorter than its radius. The arrival time is that of the foot of the perpendicular from the source.

The ray itself continues by one of the two laws, chosen at random with the mean scattering over the bands. When a few
rays hold most of the energy, strong rays are split and weak ones are ended at random, so late sound is sampled by as
many rays as early sound. Low-order specular paths are left to `early_reflections`.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ..scenes.scene import Scene
from .energy_field import Float32, Float64, arrival_directions, even_directions
from .ray_kernels import NEAR, advance, deposit, passages, reflect, scattered

_LARGEST = 3.0  # ratio of the largest to the smallest ball radius
_OPENING = 1 / 12  # ratio of ball radius to the path length of the ray it collects: 5 degrees
_THINNING = 0.1  # the number of rays falls with this power of the energy left
_SETTLING = 5  # reflections before rays are split; the mean decay is estimated over them
_FEWEST = 0.9  # strong rays are split once the effective share of rays falls below this


@dataclass(frozen=True)
class TracingPlan:
    """How far and how finely to trace. Names are those of `MeshSettings`; `floor` is a share of energy."""

    rays: int
    radius: float
    exact_order: int
    bins: int
    bin_samples: int
    floor: float


def trace_energy(
    scene: Scene, listener: Float64, sources: Float64, plan: TracingPlan, rng: np.random.Generator
) -> Float32:
    """Return the energy (source, bin, direction, band) that reaches `listener` (3,) from `sources` (s, 3).

    Specular paths of `plan.exact_order` reflections or fewer are left out, and so is air absorption. Rays are followed
    until no band keeps more than `plan.floor` of its energy, or to the end of the last bin.
    """
    tracer = _Tracer(scene, sources, plan, rng)
    bundle, order = _start(listener, plan, tracer.kept.shape[1], rng), 0
    while bundle.length.size and bundle.weight.sum(axis=0).max() > plan.floor / (4 * math.pi):
        bundle = tracer.bounce(bundle, order)
        order += 1
    return tracer.energy


@dataclass(frozen=True)
class _Bundle:
    """Rays in flight: origin, direction, path length from the listener in metres, and energy per band."""

    origin: Float32
    direction: Float32
    length: Float32
    weight: Float32
    share: Float32
    """Share of the energy that the last surface reflects by the chosen law, over the probability of that law."""
    diffuse: npt.NDArray[np.bool_]
    """Whether the last reflection was diffuse (Lambert)."""
    specular_only: npt.NDArray[np.bool_]
    arrival: npt.NDArray[np.int64]
    """Index of the arrival direction at the listener."""

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "_Bundle":
        """Return the rays at `rows`."""
        return _Bundle(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def _start(listener: Float64, plan: TracingPlan, bands: int, rng: np.random.Generator) -> _Bundle:
    """Return rays that leave the listener evenly in all directions: a randomly rotated lattice."""
    direction = np.einsum("nk,ak->na", even_directions(plan.rays), _random_turn(rng)).astype(np.float32)
    return _Bundle(
        origin=np.tile(listener.astype(np.float32), (plan.rays, 1)),
        direction=direction,
        length=np.zeros(plan.rays, dtype=np.float32),
        weight=np.full((plan.rays, bands), 1 / (4 * math.pi * plan.rays), dtype=np.float32),
        share=np.zeros((plan.rays, bands), dtype=np.float32),
        diffuse=np.zeros(plan.rays, dtype=np.bool_),
        specular_only=np.ones(plan.rays, dtype=np.bool_),
        arrival=np.einsum("nk,ak->na", direction, arrival_directions()).argmax(axis=1),
    )


def _random_turn(rng: np.random.Generator) -> Float64:
    """Return a uniformly random rotation (3, 3); avoids linear algebra libraries, whose last digits differ."""
    x, aside = rng.standard_normal((2, 3))
    z = np.cross(x, aside)
    return np.stack([axis / np.sqrt(np.square(axis).sum()) for axis in (x, np.cross(z, x), z)])


class _Tracer:
    """A scene, its sources, and the energy collected so far."""

    def __init__(self, scene: Scene, sources: Float64, plan: TracingPlan, rng: np.random.Generator) -> None:
        self.rays, self.normals, self.material = scene.rays, scene.normals, scene.material
        self.kept = 1 - np.array([material.absorption for material in scene.materials], dtype=np.float32)
        self.scattering = np.array([material.scattering for material in scene.materials], dtype=np.float32)
        self.sources, self.plan, self.rng = sources.astype(np.float32), plan, rng
        self.radii = np.linspace(plan.radius, _LARGEST * plan.radius, 12, dtype=np.float32)
        self.volumes = _balls_in_sight(scene, sources, self.radii)
        self.bins_per_metre = np.float32(SAMPLE_RATE / SPEED_OF_SOUND / plan.bin_samples)
        shape = (len(sources), plan.bins, len(arrival_directions()), self.kept.shape[1])
        self.energy = np.zeros(shape, dtype=np.float32)
        self.decay = 0.0

    def bounce(self, bundle: _Bundle, order: int) -> _Bundle:
        """Return the rays after their next reflection (`order` so far), collecting energy on the way."""
        hits = self.rays.hits(bundle.origin, bundle.direction)
        hit = hits.face >= 0
        self._collect(bundle, np.where(hit, hits.distance, np.float32(1e4)), order)
        if not hit.all():
            bundle = bundle.take(hit)
        face = hits.face[hit]
        normal, material = self.normals[face], self.material[face]
        advance(bundle.origin, bundle.direction, bundle.length, bundle.weight, hits.distance[hit], material, self.kept)
        self._rain(bundle, normal, material)
        rows, gain = self._chosen(bundle, order)
        bundle = bundle.take(rows)
        bundle.weight[...] *= gain[:, None]
        chance = self.rng.random((rows.size, 3), dtype=np.float32)
        law = bundle.share, bundle.diffuse, bundle.specular_only
        reflect(bundle.direction, *law, normal[rows], self.scattering[material[rows]], chance)
        return bundle

    def _chosen(self, bundle: _Bundle, order: int) -> tuple[npt.NDArray[np.int64], Float32]:
        """Return the rows of the rays to follow, split ones repeated, and the factor on the weight of each.

        All rays continue for the first reflections, and later while most of them matter and the remaining energy
        justifies their number. Otherwise that number is drawn: Russian roulette for weak rays, splitting for strong
        ones.
        """
        on = np.flatnonzero(bundle.length * self.bins_per_metre < self.energy.shape[1])
        weight, length = bundle.weight[on].astype(np.float64), bundle.length[on].astype(np.float64)
        if order == _SETTLING and on.size:
            self.decay = 0.5 * _mean_decay(weight * (4 * math.pi * self.plan.rays), length)
        if order > _SETTLING and on.size and self.scattering.any():
            left = np.maximum(weight.sum(axis=0), 1e-30)
            matter = _importance(weight, left, length, self.decay)
            deserved = math.ceil(self.plan.rays * min(4 * math.pi * left.max(), 1.0) ** _THINNING)
            if deserved < on.size or not _most_matter(matter):
                drawn, gain = draw_rays(matter, min(deserved, on.size), self.rng.random())
                return on[drawn], gain
        return on, np.ones(on.size, dtype=np.float32)

    def _collect(self, bundle: _Bundle, reach: Float32, order: int) -> None:
        """Add the energy of rays to the balls that they pass through within `reach` (n,) metres."""
        exact = bundle.specular_only & (order <= self.plan.exact_order)
        radius = np.clip(_OPENING * bundle.length, self.radii[0], self.radii[-1])
        radius[bundle.diffuse] = self.radii[0]
        chance = self.rng.random((reach.size, len(self.sources)), dtype=np.float32)
        ray, source, inside, metres, way = passages(
            bundle.origin, bundle.direction, bundle.diffuse, exact, reach, self.sources, radius, chance
        )
        column = (radius[ray] - self.radii[0]) / (self.radii[1] - self.radii[0])
        self._connect(bundle, bundle.share, ray, source, inside, metres, way / _between(self.volumes, source, column))

    def _rain(self, bundle: _Bundle, normal: Float32, material: npt.NDArray[np.int16]) -> None:
        """Add the energy scattered to the sources by the surfaces just met, of `normal` (n, 3) and `material` (n,)."""
        scattering = self.scattering[material]
        ray, source, metres, density = scattered(
            bundle.origin, bundle.direction, normal, scattering, self.sources, self.radii[0]
        )
        self._connect(bundle, scattering, ray, source, bundle.origin[ray], metres, density)

    def _connect(
        self,
        bundle: _Bundle,
        share: Float32,
        ray: npt.NDArray[np.int64],
        source: npt.NDArray[np.int64],
        start: Float32,
        metres: Float32,
        density: Float32,
    ) -> None:
        """Add energy for each connection from `start` (k, 3) to `source` (k,) that nothing blocks.

        It is `density` (k,) times the `share` (n, band) of the energy of `ray` (k,), `metres` (k,) after its origin.
        """
        if ray.size:
            free = np.flatnonzero(~self.rays.blocked(start, self.sources[source], margin=NEAR))
            bins = ((bundle.length[ray] + metres) * self.bins_per_metre).astype(np.int64)
            deposit(self.energy, free, source, bins, bundle.arrival, ray, bundle.weight, share, density)


def _importance(weight: Float64, left: Float64, length: Float64, decay: float) -> Float64:
    """Return the importance (n,) of each ray: its share of the energy `left` (band,), corrected for decay.

    `weight` (n, band) is the energy of each ray, `length` (n,) its path in m, `decay` in 1/m. The tracer passes half
    the mean decay, because the slowest rays dominate the late sound.
    """
    return np.asarray(np.einsum("nb,b->n", weight, 1 / left) * np.exp(decay * (length - length.max())))


def _most_matter(matter: Float64) -> bool:
    """Return whether the effective number of rays (Kish: (sum m)^2 / sum m^2) of importance `matter` (n,) is near n."""
    return bool(matter.sum() ** 2 > _FEWEST * matter.size * np.square(matter).sum())


def draw_rays(matter: Float64, count: int, start: float) -> tuple[npt.NDArray[np.int64], Float32]:
    """Return `count` rows drawn in proportion to `matter` (n,), and the factor on the weight of each.

    This is systematic resampling: equal steps through the cumulative sum of `matter`, starting at `start` (0 to 1) of
    a step. A ray longer than a step is drawn at least once, and split if drawn again; a shorter one may be skipped. The
    drawn rays are equally important, and the energy is unchanged on average over `start`.

    >>> rows, gain = draw_rays(np.array([0.5, 0.5, 3.0]), 4, 0.25)
    >>> print(rows, gain.round(2))
    [0 2 2 2] [2.   0.33 0.33 0.33]
    """
    total = matter.sum()
    steps = (np.arange(count) + start) / count * total
    drawn = np.minimum(np.searchsorted(np.cumsum(matter), steps), matter.size - 1)
    return drawn, (total / (count * matter[drawn])).astype(np.float32)


def _mean_decay(weight: Float64, length: Float64) -> float:
    """Return the mean energy loss, nepers/m, of rays with `weight` (n, band) left of 1 after `length` (n,) m."""
    return float(-np.log(np.maximum(weight.mean(axis=1), 1e-9)).mean() / length.mean())


def _balls_in_sight(scene: Scene, sources: Float64, radii: Float32) -> Float64:
    """Return the volume (s, r), m3, of the balls of `radii` (r,) around `sources` (s, 3) that the source can see."""
    directions = even_directions(1024)
    volumes = np.empty((len(sources), len(radii)))
    for number, source in enumerate(sources):
        hits = scene.rays.hits(np.broadcast_to(source, directions.shape), directions)
        reach = np.where(hits.face >= 0, hits.distance, radii[-1]).astype(np.float64)
        volumes[number] = 4 / 3 * math.pi * (np.minimum(reach, radii[:, None]) ** 3).mean(axis=1)
    return np.maximum(volumes, 1e-9)


def _between(table: Float64, row: npt.NDArray[np.int64], place: npt.NDArray[np.floating]) -> Float32:
    """Return `table` (rows, columns) at `row` (n,) and fractional column `place` (n,), linearly interpolated."""
    column = np.minimum(place.astype(np.int64), table.shape[1] - 2)
    rest = place - column
    return np.asarray((1 - rest) * table[row, column] + rest * table[row, column + 1], dtype=np.float32)
