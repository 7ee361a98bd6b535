"""The fast classes in the place of scikit-learn's: what is reached, what is not, the way back."""

import subprocess
import sys
import types

import pytest

# at the top of every script: what scikit-learn's own classes are called
OWN = """
import pickle, sys
from sklearn.linear_model._logistic import LogisticRegression as Own
from sklearn.datasets import load_breast_cancer
X, y = load_breast_cancer(return_X_y=True)
"""


def run(*command, **options):
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=100, **options
    )


def says(script):
    """What a Python process prints that runs the script, which must not fail."""
    done = run("-P", "-c", OWN + script)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_all_names_are_reached_and_restored():
    assert says("""
import types
import sklearn.linear_model, sklearn.ensemble._stacking
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.linear_model import LogisticRegression as LR
user = types.ModuleType("user")
user.Model = LR
in_a_list = [LR]
sys.modules["user"] = user
import fastlogreg

def all_names():
    return [
        LogisticRegression, LogisticRegressionCV, LR, user.Model,
        sklearn.linear_model.LogisticRegression, sklearn.linear_model.LogisticRegressionCV,
        sklearn.ensemble._stacking.LogisticRegression,
    ]

before = all_names()
fastlogreg.patch_sklearn()
ours, ours_cv = fastlogreg.LogisticRegression, fastlogreg.LogisticRegressionCV
assert all_names() == [ours, ours_cv, ours, ours, ours, ours_cv, ours]
assert in_a_list[0] is before[0]
fastlogreg.patch_sklearn()
assert all_names() == [ours, ours_cv, ours, ours, ours, ours_cv, ours]
from sklearn.linear_model import LogisticRegression as later
assert later is ours
print(type(sklearn.ensemble.StackingClassifier([("a", ours())]).fit(X, y).final_estimator_) is ours)
user.Model = "changed since"
fastlogreg.unpatch_sklearn()
assert user.Model == "changed since"
user.Model = before[3]
print(all_names() == before)
fastlogreg.unpatch_sklearn()
print(all_names() == before)
""") == ["True", "True", "True"]  # fmt: skip


def test_objects_and_pickles_of_the_original_class_stay_what_they_are():
    assert says("""
import sklearn.linear_model._logistic as home
old = Own(solver="newton-cholesky").fit(X, y)
text = pickle.dumps(old)
import fastlogreg
fastlogreg.patch_sklearn()
from sklearn.linear_model import LogisticRegression
print(isinstance(old, home.LogisticRegression), isinstance(old, LogisticRegression))
for again in (pickle.loads(text), pickle.loads(pickle.dumps(old))):
    print(type(again) is type(old), (again.predict_proba(X) == old.predict_proba(X)).all())
new = LogisticRegression().fit(X, y)
fastlogreg.unpatch_sklearn()
again = pickle.loads(pickle.dumps(new))
print(type(again) is fastlogreg.LogisticRegression, (again.coef_ == new.coef_).all())
""") == ["True", "False"] + ["True"] * 6  # fmt: skip


def test_a_patch_is_undone_within_this_process():
    import sklearn.linear_model

    import fastlogreg

    before = sklearn.linear_model.LogisticRegression
    lazy = types.ModuleType("lazy")
    lazy.__getattr__ = None  # a module that cannot be asked for anything it does not have
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "lazy", lazy)
        patch.setitem(sys.modules, "no module", None)
        fastlogreg.patch_sklearn()
        assert sklearn.linear_model.LogisticRegression is fastlogreg.LogisticRegression
        fastlogreg.unpatch_sklearn()
    assert sklearn.linear_model.LogisticRegression is before


# ---------------------------------------------------------------------- python -m fastlogreg


@pytest.fixture
def script(tmp_path):
    """Writes a script, and a module beside it that uses scikit-learn."""
    (tmp_path / "beside.py").write_text(
        "from sklearn.linear_model import LogisticRegressionCV\nNAME = LogisticRegressionCV\n"
    )

    def write(text):
        path = tmp_path / "user script.py"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_a_script_runs_as_by_python(script, tmp_path):
    text = """
import atexit, pickle, sys, __main__
from sklearn.linear_model import LogisticRegression
import beside

class Mine:
    pass

if __name__ == "__main__":
    assert __main__.Mine is Mine and type(pickle.loads(pickle.dumps(Mine()))) is Mine
    atexit.register(lambda: print(__main__.Mine.__name__))
    print(sys.argv[1:], __file__, __spec__, sys.path[0], "gr\u00fcn")
    print(LogisticRegression.__module__.split(".")[0], beside.NAME.__module__.split(".")[0])
    sys.exit(3)
"""
    path = script(text)
    plain = run(path, "--a", "fit", cwd=tmp_path.parent)
    fast = run("-m", "fastlogreg", path, "--a", "fit", cwd=tmp_path.parent)
    assert plain.returncode == fast.returncode == 3, fast.stderr
    plain, fast = plain.stdout.splitlines(), fast.stdout.splitlines()
    assert fast[0] == plain[0]
    assert fast[0].startswith("['--a', 'fit']")
    assert plain[1] == "sklearn sklearn"
    assert fast[1] == "fastlogreg fastlogreg"
    assert fast[2:] == plain[2:] == ["Mine"]


def test_a_failing_script_shows_its_own_lines(script):
    done = run("-P", "-m", "fastlogreg", script("def f():\n    raise RuntimeError('no')\nf()\n"))
    assert done.returncode == 1
    assert 'user script.py", line 2, in f' in done.stderr
    assert "RuntimeError: no" in done.stderr


def test_a_missing_script_and_the_commands(tmp_path):
    done = run("-P", "-m", "fastlogreg", str(tmp_path / "none.py"))
    assert done.returncode == 2
    assert done.stderr.startswith("fastlogreg: ")
    assert "none.py: cannot be read" in done.stderr
    assert run("-P", "-m", "fastlogreg", "--version").stdout.startswith("fastlogreg ")
    assert "SCRIPT.py" in run("-P", "-m", "fastlogreg", "--help").stdout
