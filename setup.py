"""Builds the extension: one C text compiled once per instruction set, chosen at run time.

Everything else about the package stands in pyproject.toml.
"""

import platform
import tempfile
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

KERNELS = Path("fastlogreg/_kernels")
GNU_FLAGS = ["-std=gnu11", "-O3", "-fno-math-errno", "-ffp-contract=fast", "-g0", "-Wno-psabi"]
LEVELS = {  # instruction set -> flags of gcc and clang
    "avx2": ["-mavx2", "-mfma"],
    "avx512": [
        "-mavx2", "-mfma", "-mavx512f", "-mavx512cd", "-mavx512vl", "-mavx512bw", "-mavx512dq",
        "-mprefer-vector-width=512",
    ],
}  # fmt: skip


class BuildKernels(build_ext):
    """Compiles the kernels of each instruction set with its own flags, and links them all."""

    def build_extension(self, ext):
        if self.compiler.compiler_type == "msvc":
            ext.extra_compile_args = ["/O2", "/std:c11"]
        else:
            ext.extra_compile_args = GNU_FLAGS
            ext.extra_link_args = ["-pthread"]
            if platform.system() == "Linux":
                ext.extra_link_args.append("-Wl,-s")  # wheels without symbols are a third the size
            if self._is_x86_64():
                self._add_levels(ext)
        super().build_extension(ext)

    def _is_x86_64(self):
        """Asks the compiler, which may be building for another machine than this one."""
        with tempfile.TemporaryDirectory() as folder:
            probe = Path(folder) / "probe.c"
            probe.write_text("#ifndef __x86_64__\n#error not x86-64\n#endif\nint x;\n")
            try:
                self.compiler.compile([str(probe)], output_dir=folder)
            except CompileError:
                return False
        return True

    def _add_levels(self, ext):
        for name, flags in LEVELS.items():
            try:
                ext.extra_objects += self.compiler.compile(
                    [str(KERNELS / f"kernels_{name}.c")],
                    output_dir=self.build_temp,
                    include_dirs=ext.include_dirs,
                    extra_postargs=GNU_FLAGS + flags + ["-fPIC"],
                    depends=ext.depends,
                )
            except CompileError:
                print(f"this compiler cannot build for {name}: left out")
                continue
            ext.define_macros.append((f"FLR_HAVE_{name.upper()}", None))


extension = Extension(
    "fastlogreg._kernels.core",
    [
        str(KERNELS / name)
        for name in (
            "core.pyx",
            "dispatch.c",
            "pool.c",
            "run.c",
            "columns.c",
            "proximal.c",
            "proximal_face.c",
            "screening.c",
            "firth.c",
            "softmax.c",
            "softmax_newton.c",
            "kernels_base.c",
        )
    ],  # fmt: skip
    include_dirs=[str(KERNELS)],
    depends=[str(path) for suffix in ("h", "inl") for path in sorted(KERNELS.glob(f"*.{suffix}"))],
)

setup(
    ext_modules=cythonize([extension], build_dir="build/cython"),
    cmdclass={"build_ext": BuildKernels},
)
