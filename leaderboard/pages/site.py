"""What lies at an address: the one place that a server and an exported site both ask."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..standing.record import Standing
from .addresses import Address, Addresses, file_name, is_exported
from .badge import render_badge
from .board_page import board_table, render_board
from .comparison_page import comparison_table, pairings, pairs_table, render_comparison, render_pairs
from .conditions_page import conditions_tables, place, render_conditions
from .entry_page import entry_tables, render_entry
from .index_page import TITLE, index_table, render_index
from .page_table import FORMATS, PageTable
from .published_part import plain, published_table
from .rendering import script, style
from .samples import Samples, shown_samples
from .view import Choice, NothingHere, looked_up, view_of

BADGE = "badge.svg"
STANDING = "standing.json"
FindSamples = Callable[[Standing], Samples | None]
"""What can be heard or seen of the data of a track; None where they are not at hand."""


def no_samples(standing: Standing) -> None:
    """Return nothing: the data of `standing` are not at hand."""


@dataclass(frozen=True)
class Site:
    """All tracks of a board, and how its pages are addressed."""

    standings: Sequence[Standing]
    addresses: Addresses
    title: str = TITLE
    samples: FindSamples = no_samples

    def standing(self, slug: str) -> Standing:
        """Return the standing of a track; raises NothingHere where there is none."""
        known = {standing.slug: standing for standing in self.standings}
        return known[slug] if slug in known else looked_up(slug, {file_name(name): one for name, one in known.items()})

    def data(self, address: Address) -> bytes:
        """Return the page, file or sample at `address`; raises NothingHere where there is none."""
        return self._sample(address) if address.kind == "sample" else self.content(address).encode()

    def content(self, address: Address) -> str:
        """Return the page or file at `address`; raises NothingHere where there is none."""
        if address.kind in ("style", "script"):
            return style() if address.kind == "style" else script()
        if address.slug:
            address = self._named(address)
        return self._file(address) if address.file else self._page(address)

    def _named(self, address: Address) -> Address:
        """Return `address` with the names of track and entries, which may be given as they stand in paths."""
        standing = self.standing(address.slug)
        names = {file_name(key): key for key in standing.entries}
        keys = tuple(key if key in standing.entries else looked_up(key, names) for key in address.keys)
        return replace(address, slug=standing.slug, keys=keys)

    def _page(self, address: Address) -> str:
        if address.kind == "index":
            return render_index(self.standings, self.addresses, self.title)
        standing = self.standing(address.slug)
        match address.kind:
            case "board":
                return render_board(standing, address.choice, self.addresses)
            case "conditions":
                return render_conditions(standing, address.choice.metric, self.addresses)
            case "entry":
                key = address.keys[0]
                pairs = pairings(view_of(standing), key) if is_exported(self.addresses) else []
                return render_entry(standing, key, self.addresses, self.samples(standing), pairs)
            case "pairs":
                return render_pairs(standing, self.addresses)
            case "comparison":
                return render_comparison(standing, *_pair(address), self.addresses)
        raise NothingHere(address.kind)

    def _sample(self, address: Address) -> bytes:
        standing = self.standing(address.slug)
        view, samples = view_of(standing), self.samples(standing)
        number = looked_up(address.keys[0], {view.name(one): k for k, one in enumerate(view.pooled)})
        if samples is None:
            raise NothingHere(address.file)
        return samples.content(number, address.file)

    def _file(self, address: Address) -> str:
        if address.file == BADGE and address.kind in ("board", "entry"):
            return render_badge(self.standing(address.slug), *address.keys)
        if address.file == STANDING and address.kind == "board":
            content = self.standing(address.slug).to_json()
            return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        name, _, suffix = address.file.rpartition(".")
        if suffix not in FORMATS:
            raise NothingHere(address.file)
        return looked_up(name, {table.name: table for table in self._tables(address)}).written(suffix)

    def _tables(self, address: Address) -> list[PageTable]:
        """Return the tables of the page at `address`."""
        if address.kind == "index":
            return [index_table(self.standings)]
        view = view_of(self.standing(address.slug))
        match address.kind:
            case "board":
                choice = view.tidy(address.choice)
                found = [board_table(view, choice), published_table(view, choice)]
                return [table for table in found if table.name == "table" or table.records]
            case "conditions":
                return conditions_tables(view, view.metric(address.choice.metric))
            case "entry":
                return entry_tables(view, view.entry(address.keys[0]))
            case "pairs":
                return [pairs_table(view)]
            case _:
                return [comparison_table(view, *_pair(address))]

    def every_address(self) -> Iterator[Address]:
        """Yield every page and file of an exported site."""
        yield from (Address("style"), Address("script"), Address("index"))
        for standing in self.standings:
            yield from self._pages(standing)
            yield Address("board", standing.slug, file=STANDING)
            yield Address("board", standing.slug, file=BADGE)
            yield from (Address("entry", standing.slug, (key,), file=BADGE) for key in standing.entries)
            yield from self._shown(standing)

    def _shown(self, standing: Standing) -> list[Address]:
        """Return the samples that the pages of `standing` play or show, each once."""
        view, samples = view_of(standing), self.samples(standing)
        entries = standing.entries.values()
        every = (file for entry in entries for one in shown_samples(view, entry, samples) for file in one.files)
        return list(dict.fromkeys(every))

    def _pages(self, standing: Standing) -> Iterator[Address]:
        view = view_of(standing)
        for name in view.conditions:
            yield Address("board", standing.slug, choice=plain(view, Choice(name)))
        if view.pooled:
            yield place(view, standing.metric)
        yield from (Address("entry", standing.slug, (key,)) for key in standing.entries)
        if standing.comparisons:
            yield Address("pairs", standing.slug)


def _pair(address: Address) -> tuple[str, str]:
    a, b = address.keys
    return a, b
