"""Results on disk: schemas, atomic commits, resuming and loading. The only file input and output of the suite."""

from bench.store.files import marked
from bench.store.folder import Folder, study_folder
from bench.store.tables import TABLES, findings_table, program_tables

__all__ = ["TABLES", "Folder", "findings_table", "marked", "program_tables", "study_folder"]
