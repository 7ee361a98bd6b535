"""The house: imports point down the street, public names are documented, examples run."""

import ast
import doctest
import importlib
import inspect
import operator
import re
import types
from pathlib import Path

import pytest

import fastlogreg

PACKAGE = Path(fastlogreg.__file__).parent

# Floors from the ground up; a module imports from floors below its own, or from its own folder.
FLOORS = (
    ("_kernels", "annotations", "penalty", "reference"),
    ("reference_softmax", "design", "parallel"),
    ("certificate", "validation", "relations"),
    ("objective", "softmax", "result"),
    ("solvers", "functions"),
    ("multiclass",),
    ("core",),
    ("recession",),
    ("separation",),
    ("margin", "document"),
    ("warnings", "versions", "table"),
    ("bias",),
    ("displays",),
    ("path", "diagnostics", "inference"),
    ("estimators",),
    ("patching",),
    ("cli",),
    ("__main__",),
)
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}
SKLEARN_STARTS = FLOOR["warnings"]


def room(parts):
    """The room of a dotted name below the package: its file or its folder."""
    return parts[0] if parts else "__init__"


def sources():
    """(path, room) of every Python source but the list of public names."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts != ("__init__",):
            yield path, room(parts)


def imported(path):
    """Every module that a file imports, inside functions too; `from a import b` gives a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_rooms(path):
    """Rooms of the package that a file imports from; names of the package itself are none."""
    for name in imported(path):
        first, *rest = name.split(".")
        if first == "fastlogreg" and rest and rest[0] in FLOOR:
            yield rest[0]


def test_every_room_has_a_floor():
    rooms = {where for _, where in sources()}
    assert rooms == set(FLOOR)
    assert len(list(sources())) > 20


@pytest.mark.parametrize("where", FLOOR)
def test_imports_point_down_the_street(where):
    files = [path for path, here in sources() if here == where]
    assert files
    for path in files:
        for other in own_rooms(path):
            assert other == where or FLOOR[other] < FLOOR[where], (
                f"{path.relative_to(PACKAGE)} imports from {other}, which stands above it"
            )


def test_the_street_is_walked():
    """Some of the imports that the test above is about."""
    assert "_kernels" in set(own_rooms(PACKAGE / "objective.py"))
    assert {"objective", "solvers", "result"} <= set(own_rooms(PACKAGE / "core.py"))


def test_scikit_learn_is_for_the_upper_floors():
    for path, where in sources():
        outside = {name.split(".")[0] for name in imported(path)}
        if FLOOR[where] < SKLEARN_STARTS:
            assert not outside & {"sklearn", "pandas", "matplotlib"}, path
        if where == "inference":
            assert not outside & {"sklearn", "matplotlib"}, path
        if where == "_kernels":
            assert outside <= {"os", "fastlogreg"}, path
        if where == "reference":
            assert outside <= {"numpy", "fastlogreg"}, path


def test_public_names_live_in_their_homes():
    for package in (fastlogreg, fastlogreg.displays):
        for name, home in package._HOMES.items():
            value = getattr(package, name)
            if home is None:
                assert isinstance(value, types.ModuleType)
            elif value.__module__.startswith("fastlogreg"):
                assert value.__module__ == home
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        fastlogreg.nothing  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        fastlogreg.displays.nothing  # noqa: B018


# ---------------------------------------------------------------------- docstrings

FUNCTIONS = [name for name in fastlogreg.__all__ if inspect.isfunction(getattr(fastlogreg, name))]
CLASSES = [
    name
    for name in fastlogreg.__all__
    if inspect.isclass(getattr(fastlogreg, name))
    and getattr(fastlogreg, name).__module__.startswith("fastlogreg")
]


def sections(text):
    """Numpydoc sections of a docstring: {title: text}."""
    pieces = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(text), flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def documented(text):
    """Names in a Parameters or Attributes section."""
    heads = re.findall(r"^(\w[\w, ]*?)(?: : .*)?$", text, flags=re.MULTILINE)
    return {name.strip() for head in heads for name in head.split(",")}


def test_functions_are_found():
    assert {"fit", "sigmoid", "loss_gradient", "set_num_threads"} <= set(FUNCTIONS)
    assert {"LogisticRegression", "FitResult", "Certificate"} <= set(CLASSES)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_documented(name):
    function = getattr(fastlogreg, name)
    parts = sections(function.__doc__)
    parameters = set(inspect.signature(function).parameters)
    if parameters:
        assert documented(parts["Parameters"]) == parameters
    if name not in ("set_num_threads", "show_versions"):
        assert parts["Returns"].strip()
    assert ">>> " in parts["Examples"]
    summary = function.__doc__.split("\n")[0]
    assert summary
    assert summary.endswith(".")


def test_undocumented_parameters_would_be_seen():
    text = "What it does.\n\nParameters\n----------\na, b : int\n    Two.\nc\n    One.\n"
    assert documented(sections(text)["Parameters"]) == {"a", "b", "c"}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_documented(name):
    cls = getattr(fastlogreg, name)
    assert cls.__doc__.split("\n")[0].endswith(".")
    parts = sections(cls.__doc__)
    if name in ("FitResult", "Certificate", "FirthResult"):
        names = {field for field in cls.__dataclass_fields__ if not field.startswith("_")}
        assert documented(parts["Attributes"]) >= names - {"coef", "intercept"}
    if name == "LogisticRegression":
        assert documented(parts["Parameters"]) >= set(inspect.signature(cls).parameters)


@pytest.mark.parametrize("name", fastlogreg.displays.__all__)
def test_displays_are_documented(name):
    cls = getattr(fastlogreg.displays, name)
    if not cls.__module__.startswith("fastlogreg"):
        assert name == "CalibrationDisplay"  # scikit-learn's
        return
    parts = sections(cls.__doc__)
    assert documented(parts["Parameters"]) == set(inspect.signature(cls).parameters)
    assert {"ax_", "figure_"} <= documented(parts["Attributes"])
    assert parts["References"].strip()
    assert ">>> " in parts["Examples"]
    makers = [key for key in vars(cls) if key.startswith("from_")] + ["plot"]
    for maker in makers:
        parts = sections(getattr(cls, maker).__doc__)
        parameters = set(inspect.signature(getattr(cls, maker)).parameters) - {"self"}
        assert documented(parts["Parameters"]) == parameters, maker
        assert parts["Returns"].startswith(name)


@pytest.mark.parametrize("name", [n for n in fastlogreg.displays.__all__ if n[:3] != "Cal"])
def test_examples_of_displays_run(name):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    module = importlib.import_module(fastlogreg.displays._HOMES[name])
    outcome = doctest.testmod(module)
    pyplot.close("all")
    assert outcome.failed == 0
    assert outcome.attempted >= 3


@pytest.mark.parametrize("name", fastlogreg.reference.__all__)
def test_the_reference_is_documented(name):
    function = getattr(fastlogreg.reference, name)
    parts = sections(function.__doc__)
    assert documented(parts["Parameters"]) == set(inspect.signature(function).parameters)
    assert parts["Returns"].strip()
    assert hasattr(fastlogreg.core, name) or name in (
        "coordinate_sweep", "duality_gap", "fenchel_young", "firth", "gradient_descent",
        "leverages", "newton", "penalty", "penalty_conjugate", "proximal_newton",
    )  # fmt: skip


# Tools of the package, which no paper is about.
TOOLS = {
    "get_num_threads", "patch_sklearn", "set_num_threads", "show_versions", "unpatch_sklearn",
}  # fmt: skip
RETURNED = [
    "diagnostics.report.Report", "diagnostics.report.Finding", "inference.logit.LogitResults",
    "diagnostics.suggestions.Suggestions", "diagnostics.suggestions.Suggestion",
]  # fmt: skip
PUBLIC = [
    *FUNCTIONS, *CLASSES, *RETURNED, *(f"reference.{name}" for name in fastlogreg.reference.__all__)
]  # fmt: skip


def test_no_public_name_is_left_out():
    modules = {"reference", "displays"}  # the tests of displays ask the same of each of them
    assert {*PUBLIC, *modules} >= set(fastlogreg._HOMES)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_have_an_example_and_a_source(name):
    parts = sections(operator.attrgetter(name)(fastlogreg).__doc__)
    assert ">>> " in parts["Examples"]
    if name not in TOOLS:
        assert re.search(r"\b(19|20)\d\d\b", parts["References"])


@pytest.mark.parametrize(
    ("cls", "texts"),
    [
        (fastlogreg.FitResult, ("CONVERGED", "STALLED", "UNPROVED", "MAX_ITER", "SEPARATED",
                                "DIVERGED", "CALLBACK")),
        (fastlogreg.FirthResult, ("CONVERGED", "STALLED", "MAX_ITER", "STUCK")),
        (fastlogreg.Path, ("COMPLETE", "EXPLAINED", "FLAT", "CALLBACK")),
    ],
)  # fmt: skip
def test_texts_of_stop_reason_are_listed(cls, texts):
    said = " ".join(cls.__doc__.split())
    for text in texts:
        assert f'"{getattr(importlib.import_module(cls.__module__), text)}"' in said


# ---------------------------------------------------------------------- examples


@pytest.mark.parametrize(
    ("name", "least"),
    [("core", 2), ("functions", 15),
     ("parallel", 4), ("versions", 1), ("reference.loss", 20), ("reference.penalised", 10),
     ("reference.solvers", 9), ("reference.bias", 6), ("result", 3), ("warnings", 9),
     ("certificate", 3), ("validation", 0), ("path", 4), ("separation", 7), ("margin", 7),
     ("diagnostics.doctor", 5), ("diagnostics.suggest", 3), ("estimators.logistic", 1),
     ("diagnostics.report", 6), ("diagnostics.suggestions", 6),
     ("inference.results", 5), ("inference.logit", 10), ("estimators.statistics", 5),
     ("estimators.export", 2), ("patching", 2),
     ("bias.firth", 5), ("bias.result", 4)],
)  # fmt: skip
def test_examples_run(name, least):
    module = importlib.import_module(f"fastlogreg.{name}")
    outcome = doctest.testmod(module)
    assert outcome.failed == 0
    assert outcome.attempted >= least
