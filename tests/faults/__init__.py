"""The list of faults: every kind of bad input, what the product does with it, and the files that show it."""

from faults.case import Case
from faults.dataset_level import DATASETS
from faults.file_level import FILES
from faults.row_level import ROWS

CASES: tuple[Case, ...] = (*FILES, *ROWS, *DATASETS)
