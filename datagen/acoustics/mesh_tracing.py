"""Rays from a listener through a scene, each surface they meet connected to every source.

A ray leaves the listener with energy 1 / (4 pi rays), so that a free path of d metres brings 1 / (4 pi d)^2, the
energy of the amplitude 1 / (4 pi d); by reciprocity it is what the listener hears from where the ray goes. At a
surface with absorption a and scattering s (in each octave band) 1 - a of the energy goes on:

* the share s leaves by Lambert's law and is connected to each source that the point sees (diffuse rain, Heinz 1993);
* the share 1 - s leaves by the law of reflection. No connection can be drawn there; instead a ball around each
  source collects the energy density of the rays that pass through it (energy times way inside, over the ball's
  volume in sight of the source). What leaves diffusely from a point inside the ball is collected in this way too, so
  that no connection is shorter than its radius. The time is that of the foot of the perpendicular from the source.

The ray itself goes on by one of the two laws by chance, with the scattering's mean over the bands. Where a few rays
come to hold most of the energy they are split, and weak ones ended by chance, so that the late sound is told by as
many rays as the early. Specular paths of low order are left to `early_reflections`.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ..scenes.scene import Scene
from .energy_field import Float32, Float64, arrival_directions, even_directions
from .ray_kernels import NEAR, advance, deposit, passages, reflect, scattered

_LARGEST = 3.0  # the largest ball's radius over the smallest's
_OPENING = 1 / 12  # the radius of a ball over the way of the ray that it collects: 5 degrees
_THINNING = 0.1  # the rays go down with this power of the energy left
_SETTLING = 5  # reflections before rays are split, which tell the mean decay
_FEWEST = 0.9  # share of the rays that must matter, before strong ones are split


@dataclass(frozen=True)
class TracingPlan:
    """How far and how finely to trace: see `MeshSettings`, whose names these are; `floor` is a share of energy."""

    rays: int
    radius: float
    exact_order: int
    bins: int
    bin_samples: int
    floor: float


def trace_energy(
    scene: Scene, listener: Float64, sources: Float64, plan: TracingPlan, rng: np.random.Generator
) -> Float32:
    """Return the energy (source, bin, direction, band) that reaches `listener` (3,) from `sources` (s, 3) by all paths
    but the specular ones of `plan.exact_order` reflections or fewer, without the air's losses.

    Rays go on until no band keeps more than `plan.floor` of its energy, or to the end of the last bin.
    """
    tracer = _Tracer(scene, sources, plan, rng)
    bundle, order = _start(listener, plan, tracer.kept.shape[1], rng), 0
    while bundle.length.size and bundle.weight.sum(axis=0).max() > plan.floor / (4 * math.pi):
        bundle = tracer.bounce(bundle, order)
        order += 1
    return tracer.energy


@dataclass(frozen=True)
class _Bundle:
    """Rays on their way: where they are, where to, how many metres from the listener, with what energy per band."""

    origin: Float32
    direction: Float32
    length: Float32
    weight: Float32
    share: Float32
    """Of the energy of the last surface that its law of reflection has, over the chance of that law."""
    diffuse: npt.NDArray[np.bool_]
    """Whether that law was Lambert's."""
    specular_only: npt.NDArray[np.bool_]
    arrival: npt.NDArray[np.int64]
    """The number of the direction at the listener."""

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "_Bundle":
        """Return the rays of these `rows`."""
        return _Bundle(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def _start(listener: Float64, plan: TracingPlan, bands: int, rng: np.random.Generator) -> _Bundle:
    """Return rays that leave the listener in all directions alike, the lattice of them turned at random."""
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
    """Return a rotation (3, 3) drawn evenly; without linear algebra libraries, whose last digits differ."""
    x, aside = rng.standard_normal((2, 3))
    z = np.cross(x, aside)
    return np.stack([axis / np.sqrt(np.square(axis).sum()) for axis in (x, np.cross(z, x), z)])


class _Tracer:
    """The scene and the sources, and the energy that rays have brought so far."""

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
        """Return the rays, `order` times reflected so far, after their next reflection; collects on the way."""
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
        """Return the rows of the rays that go on, split ones repeated, and what each one's weight is to be times.

        A ray matters by its share of the energy (the mean of those in the bands), set against half the mean decay over
        the way that it has gone; half, because the slowest rays rule the late sound. While the rays that matter (Kish's
        effective number) are many, all go on alike; else as many as the energy left deserves are drawn, at equal steps
        through the running sum, and matter equally after.
        """
        on = np.flatnonzero(bundle.length * self.bins_per_metre < self.energy.shape[1])
        weight, length = bundle.weight[on].astype(np.float64), bundle.length[on].astype(np.float64)
        if order <= _SETTLING or not (on.size and self.scattering.any()):
            if order == _SETTLING and on.size:
                self.decay = 0.5 * _mean_decay(weight * (4 * math.pi * self.plan.rays), length)
            return on, np.ones(on.size, dtype=np.float32)
        left = np.maximum(weight.sum(axis=0), 1e-30)
        matter = np.einsum("nb,b->n", weight, 1 / left) * np.exp(self.decay * (length - length.max()))
        deserved = math.ceil(self.plan.rays * min(4 * math.pi * left.max(), 1.0) ** _THINNING)
        if deserved >= on.size and matter.sum() ** 2 > _FEWEST * on.size * np.square(matter).sum():
            return on, np.ones(on.size, dtype=np.float32)
        count = min(deserved, on.size)
        steps = (np.arange(count) + self.rng.random()) / count * matter.sum()
        drawn = np.minimum(np.searchsorted(np.cumsum(matter), steps), on.size - 1)
        return on[drawn], (matter.sum() / (count * matter[drawn])).astype(np.float32)

    def _collect(self, bundle: _Bundle, reach: Float32, order: int) -> None:
        """Add what rays bring to the balls that they pass through within `reach` (n,) metres."""
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
        """Add what the surfaces just met, of `normal` (n, 3) and `material` (n,), scatter to the sources."""
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
        """Add `density` (k,) times the `share` (n, band) of the energy of each `ray` (k,), `metres` (k,) after its
        origin, where `start` (k, 3) sees `source` (k,)."""
        if ray.size:
            free = np.flatnonzero(~self.rays.blocked(start, self.sources[source], margin=NEAR))
            bins = ((bundle.length[ray] + metres) * self.bins_per_metre).astype(np.int64)
            deposit(self.energy, free, source, bins, bundle.arrival, ray, bundle.weight, share, density)


def _mean_decay(weight: Float64, length: Float64) -> float:
    """Return the mean loss of energy, in nepers, over the mean way (1/m) of rays with `weight` (n, band) left of 1."""
    return float(-np.log(np.maximum(weight.mean(axis=1), 1e-9)).mean() / length.mean())


def _balls_in_sight(scene: Scene, sources: Float64, radii: Float32) -> Float64:
    """Return the volumes (s, r), m3, of the parts that each of `sources` (s, 3) sees of the balls of `radii` (r,)."""
    directions = even_directions(1024)
    volumes = np.empty((len(sources), len(radii)))
    for number, source in enumerate(sources):
        hits = scene.rays.hits(np.broadcast_to(source, directions.shape), directions)
        reach = np.where(hits.face >= 0, hits.distance, radii[-1]).astype(np.float64)
        volumes[number] = 4 / 3 * math.pi * (np.minimum(reach, radii[:, None]) ** 3).mean(axis=1)
    return np.maximum(volumes, 1e-9)


def _between(table: Float64, row: npt.NDArray[np.int64], place: npt.NDArray[np.floating]) -> Float32:
    """Return `table` (rows, columns) in each `row` (n,) at the fractional column `place` (n,), by straight lines."""
    column = np.minimum(place.astype(np.int64), table.shape[1] - 2)
    rest = place - column
    return np.asarray((1 - rest) * table[row, column] + rest * table[row, column + 1], dtype=np.float32)
