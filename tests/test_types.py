"""What the type information says is what is there: names, parameters, and calls that check."""

import ast
import inspect
import runpy
from pathlib import Path

import pytest

import fastlogreg
from fastlogreg._kernels import core

PACKAGE = Path(fastlogreg.__file__).parent
STUB = PACKAGE / "_kernels" / "core.pyi"


def public(namespace):
    """Names that do not begin with an underscore."""
    return {name for name in namespace if not name.startswith("_")}


def stub():
    """The nodes of the stub's definitions by name, those of classes as dicts of theirs."""
    found = {}
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found[node.name] = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
        elif isinstance(node, ast.AnnAssign) and "TypeAlias" not in ast.unparse(node.annotation):
            found[node.target.id] = node
    return found


def parameters(node):
    """(name, default) of a stub's function, as `inspect` gives them."""
    arguments = node.args.args
    defaults = [inspect.Parameter.empty] * (len(arguments) - len(node.args.defaults))
    defaults += [ast.literal_eval(default) for default in node.args.defaults]
    return list(zip([argument.arg for argument in arguments], defaults, strict=True))


def test_the_stub_names_what_is_compiled():
    assert set(stub()) == public(vars(core))


@pytest.mark.parametrize("name", sorted(public(vars(core))))
def test_the_stub_has_the_compiled_signatures(name):
    value, said = getattr(core, name), stub()[name]
    if isinstance(value, tuple):
        assert isinstance(said, ast.AnnAssign)
        return
    pairs = [(value, said)]
    if inspect.isclass(value):
        assert set(said) - {"__init__"} == public(vars(value))
        pairs = [
            (getattr(value, key), node)
            for key, node in said.items()
            if key != "__init__" and callable(getattr(value, key))
        ]
    for function, node in pairs:
        given = inspect.signature(function).parameters.values()
        assert parameters(node) == [(p.name, p.default) for p in given], node.name


@pytest.mark.parametrize("package", [fastlogreg, fastlogreg.displays], ids=lambda p: p.__name__)
def test_lazy_names_are_told_to_type_checkers(package):
    tree = ast.parse((Path(package.__file__).parent / "__init__.pyi").read_text(encoding="utf-8"))
    told = {
        alias.asname: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == {name: home or package.__name__ for name, home in package._HOMES.items()}


def surface():
    """The public functions, and the methods of public classes, that this package defines."""
    for package in (fastlogreg, fastlogreg.displays):
        for name in package._HOMES:
            value = getattr(package, name)
            if inspect.isfunction(value):
                yield name, value
            if not inspect.isclass(value) or not value.__module__.startswith("fastlogreg"):
                continue
            for base in value.__mro__:
                if not base.__module__.startswith("fastlogreg"):
                    continue
                for key, member in vars(base).items():
                    plain = getattr(member, "fget", None) or getattr(member, "func", member)
                    plain = getattr(plain, "__func__", plain)
                    if inspect.isfunction(plain) and not key.startswith("_"):
                        yield f"{name}.{key}", plain


SURFACE = dict(surface())


def test_the_surface_is_found():
    assert {"fit", "LogisticRegression.fit", "Inference.conf_int", "PathDisplay.plot"} <= set(
        SURFACE
    )


@pytest.mark.parametrize("name", SURFACE)
def test_public_signatures_are_annotated(name):
    function = SURFACE[name]
    needed = {key for key in inspect.signature(function).parameters if key not in ("self", "cls")}
    assert set(function.__annotations__) == needed | {"return"}


def test_type_information_is_in_the_package():
    assert (PACKAGE / "py.typed").is_file()
    assert STUB.is_file()


def test_the_calls_that_mypy_checks_run():
    runpy.run_path(str(Path(__file__).parent / "typed_calls.py"))
