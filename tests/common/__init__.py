"""What several files of tests share: data, and other ways to the same answer."""

import pkgutil

import pytest

# so that a failed assertion shows its values here as it does in a test
pytest.register_assert_rewrite(
    *(f"common.{found.name}" for found in pkgutil.iter_modules(__path__))
)
