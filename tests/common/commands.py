"""Commands that are run within the test: those that must fail, with one line that says why."""

from fastlogreg.cli import main


def refusal(capsys, *argv):
    """Run a command that must fail with one line on stderr; return that line."""
    assert main(list(argv)) == 2
    out, err = capsys.readouterr()
    assert err.startswith("fastlogreg: ")
    assert err.count("\n") == 1
    assert out == ""
    return err
