"""The small world that evaluation tests share."""

import pytest
from small_world import World, build_world


@pytest.fixture(scope="session")
def world() -> World:
    return build_world()
