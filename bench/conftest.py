"""The scale of `pytest bench`: FASTLOGREG_BENCH_SCALE=smoke runs everything tiny and briefly."""

import pytest

from .problems import scale_of_environment


def pytest_configure(config):
    if scale_of_environment() == "smoke" and config.pluginmanager.hasplugin("benchmark"):
        config.option.benchmark_max_time = 0.01
        config.option.benchmark_min_rounds = 2
        config.option.benchmark_warmup = False


@pytest.fixture(scope="session")
def scale():
    return scale_of_environment()
