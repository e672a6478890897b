"""Data sets: bundled with scikit-learn or synthetic, split, scaled and hashed. Arrays and ground truth, no jax."""

from bench.data.bundled import BUNDLED
from bench.data.designs import DESIGNS
from bench.data.files import file_source, is_file
from bench.data.lines import LINES
from bench.data.maps import MAPS
from bench.data.openml import PREFIX, openml_source
from bench.data.own import array_source
from bench.data.prepare import prepare
from bench.data.sequences import SEQUENCES
from bench.data.small import SMALL
from bench.data.source import Raw, Source
from bench.data.sparse import SPARSE
from bench.data.streams import STREAMS
from bench.data.synthetic import SYNTHETIC
from bench.data.teachers import TEACHERS

DATA: dict[str, Source] = {
    **BUNDLED,
    **SYNTHETIC,
    **SMALL,
    **DESIGNS,
    **LINES,
    **SPARSE,
    **STREAMS,
    **MAPS,
    **TEACHERS,
    **SEQUENCES,
}
"""name -> source; a new data set is one entry."""


def outside(name: object) -> Source | None:
    """Data that is not registered: a file, or a data set of OpenML. None for any other name.

    Raises:
        InputError: a file of another kind, or no number of OpenML.
    """
    if isinstance(name, str) and name.startswith(PREFIX):
        return openml_source(name)
    return file_source(str(name)) if is_file(name) else None


__all__ = ["DATA", "SMALL", "Raw", "Source", "array_source", "is_file", "outside", "prepare"]
