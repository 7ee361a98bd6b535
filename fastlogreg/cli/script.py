"""A Python script, unchanged, with the fast estimators in the place of scikit-learn's."""

import io
import os
import sys
import types

_USAGE_ERROR = 2


def run_script(path, arguments):
    """Run a script as ``python path arguments`` would, after `patch_sklearn`.

    Returns 0, or 2 if the file cannot be read; what the script raises, SystemExit too, goes on.
    """
    try:
        with io.open_code(path) as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
    except OSError as error:
        print(f"fastlogreg: {path}: cannot be read ({error.strerror or error})", file=sys.stderr)
        return _USAGE_ERROR
    from fastlogreg.patching import patch_sklearn

    # for pickle, threads and functions run at exit this module has to stay, so no runpy.run_path
    main = types.ModuleType("__main__")
    main.__file__ = os.path.abspath(path)
    sys.modules["__main__"] = main
    sys.argv = [path, *arguments]
    if not sys.flags.safe_path:  # the entry of the command that runs us
        sys.path[0] = os.path.dirname(main.__file__)
    patch_sklearn()
    exec(code, vars(main))
    return 0
