"""Check that the store holds every file the table names, with its size."""

from concurrent.futures import ThreadPoolExecutor

from pixelprose.curator.finding import Finding, failed, passed
from pixelprose.curator.lake import DataFile, LakeTable
from pixelprose.records.counted import counted

CHECK = "files"
_ASKERS = 8


def check_files(table: LakeTable) -> Finding:
    """Every file is in the store, with the size that the table's log says."""
    files = table.files()
    with ThreadPoolExecutor(_ASKERS) as pool:
        wrong = [
            problem for problem in pool.map(lambda file: _problem(table, file), files) if problem
        ]
    if wrong:
        return failed(CHECK, table.name, f"{len(wrong):,} of {len(files):,} files", wrong)
    size = sum(file.size_bytes for file in files)
    return passed(CHECK, table.name, f"{counted(len(files), 'file')}, {size:,} bytes, all there")


def _problem(table: LakeTable, file: DataFile) -> str | None:
    found = table.store.stat(table.key(file.path))
    if found is None:
        return f"{file.path} is missing"
    if found.size_bytes != file.size_bytes:
        return f"{file.path} has {found.size_bytes:,} bytes, not {file.size_bytes:,}"
    return None
