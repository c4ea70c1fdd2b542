"""One laboratory for each hand, made once."""

import pytest

from tests.tasks.evaluation.laboratory import Laboratory, make_laboratory


@pytest.fixture(scope="session", params=["allegro", "trident"])
def laboratory(request, tmp_path_factory) -> Laboratory:
    return make_laboratory(request.param, tmp_path_factory.mktemp(request.param))
