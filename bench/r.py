"""R as a peer: a process that holds the data and evaluates one line at a time.

The data cross once, as files of plain numbers, before any clock starts. A timed call is one line of
R sent and one word received, some 50 microseconds beside R's own time; results are read afterwards.
"""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from scipy import sparse

_LOOP = r"""
suppressMessages({for (name in c("Matrix", PACKAGES)) library(name, character.only = TRUE)})
lines <- file("stdin", "r")
repeat {
  line <- readLines(lines, n = 1)
  if (length(line) == 0) break
  word <- tryCatch({eval(parse(text = line), globalenv()); "done"},
                   error = function(e) paste("error:", gsub("\n", " ", conditionMessage(e))))
  cat(word, "\n", sep = "")
  flush(stdout())
}
"""


@functools.cache
def package_version(name):
    """The version of an R package here; None if there is none, or no R."""
    if shutil.which("Rscript") is None:
        return None
    done = subprocess.run(
        ["Rscript", "-e", f"cat(as.character(packageVersion('{name}')))"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return None if done.returncode else done.stdout.strip()


class R:
    """An R process with a package loaded and a folder for numbers on their way."""

    def __init__(self, package):
        self.folder = tempfile.TemporaryDirectory()
        script = Path(self.folder.name) / "loop.R"
        script.write_text(_LOOP.replace("PACKAGES", f'"{package}"'))
        self.process = subprocess.Popen(
            ["Rscript", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def run(self, line):
        """Evaluate one line; RuntimeError with R's words if it fails."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        word = self.process.stdout.readline().strip()
        if word != "done":
            raise RuntimeError(word or "R has ended")

    def put(self, name, values):
        """A vector, matrix or sparse matrix under that name."""
        if sparse.issparse(values):
            columns = sparse.csc_array(values)
            self._put_vector(f"{name}_i", columns.indices.astype(np.int32))
            self._put_vector(f"{name}_p", columns.indptr.astype(np.int32))
            self._put_vector(f"{name}_x", columns.data.astype(np.float64))
            n, p = values.shape
            self.run(
                f'{name} <- new("dgCMatrix", i = {name}_i, p = {name}_p, x = {name}_x, '
                f"Dim = c({n}L, {p}L)); rm({name}_i, {name}_p, {name}_x)"
            )
            return
        values = np.asarray(values, dtype=np.float64)
        self._put_vector(name, values.ravel(order="F"))
        if values.ndim == 2:
            self.run(f"dim({name}) <- c({values.shape[0]}L, {values.shape[1]}L)")

    def _put_vector(self, name, values):
        path = self._path(name)
        values.tofile(path)
        what = "integer()" if values.dtype == np.int32 else "double()"
        self.run(f'{name} <- readBin("{path}", {what}, {len(values)})')
        path.unlink()

    def get(self, expression):
        """The numbers of an expression, as a float64 vector."""
        path = self._path("answer")
        self.run(f'writeBin(as.double({expression}), "{path}")')
        return np.fromfile(path)

    def _path(self, name):
        return Path(self.folder.name) / f"{name}.bin"

    def __del__(self):
        if hasattr(self, "process"):
            self.process.stdin.close()  # ends its loop
            self.process.stdout.close()
            self.process.wait()
