"""What a bug report needs to know."""

import platform
import sys


def versions():
    """Facts about this installation as a dict of strings."""
    import numpy
    import scipy

    import fastlogreg
    from fastlogreg._kernels import core
    from fastlogreg.parallel import get_num_threads

    facts = {
        "fastlogreg": fastlogreg.__version__,
        "instruction set": f"{core.level()} (available: {', '.join(core.available_levels())})",
        "threads": str(get_num_threads()),
        "compiler": core.compiler(),
        "python": sys.version.replace("\n", " "),
        "platform": platform.platform(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
    }
    try:
        import sklearn

        facts["scikit-learn"] = sklearn.__version__
    except ImportError:
        facts["scikit-learn"] = "not installed"
    try:
        import threadpoolctl

        pools = threadpoolctl.threadpool_info()
        facts["blas"] = "; ".join(
            f"{pool['internal_api']} {pool['version']} ({pool.get('architecture', '?')}, "
            f"{pool['num_threads']} threads)"
            for pool in pools
            if pool["user_api"] == "blas"
        )
    except ImportError:
        blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        facts["blas"] = f"{blas['name']} {blas['version']}"
    return facts


def show_versions() -> None:
    """Print version, instruction set, threads, compiler, BLAS and the versions of what we use.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.show_versions()  # doctest: +ELLIPSIS
    fastlogreg ...
    """
    facts = versions()
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:<{width}}  {value}")
