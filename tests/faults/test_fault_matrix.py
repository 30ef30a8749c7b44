"""The fault matrix on a real scheduler: nothing unsafe is sent twice unasked, nothing is green that should be red."""

import os

import pytest
from fault_cells import SHORT, SHORT_API, api_cells, cells, rounds
from fault_ground import SECRET, playground
from fault_judging import api_wrongs, wrongs
from fault_page import PAGE, rows_expected, write


class Endings(dict):
    """Endings by cell, and what came to the host to which no secret may go."""

    strangers = ()


def play(ground, killing, failing):
    endings = Endings()
    for cells_of_round in killing:
        endings |= ground.play(cells_of_round)
    for at in range(0, len(failing), 10):
        endings |= ground.play_api(failing[at : at + 10])
    endings.strangers = tuple(ground.other.record)
    return endings


@pytest.fixture(scope="module")
def short_form(tmp_path_factory):
    with playground(tmp_path_factory.mktemp("faults")) as ground:
        yield play(ground, SHORT, SHORT_API)


@pytest.fixture(scope="module")
def whole_matrix(tmp_path_factory, request):
    """The endings of the cells that are asked for: all of them, unless -k says otherwise."""
    called = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    chosen = {params["cell"] for params in called if "cell" in params}
    killing = [[cell for cell in part if cell in chosen] for part in rounds()]
    with playground(tmp_path_factory.mktemp("faults")) as ground:
        endings = play(ground, filter(None, killing), [cell for cell in api_cells() if cell in chosen])
        if os.environ.get("UPDATE_GOLDEN"):
            write(endings)
        yield endings


def no_secret(strangers):
    return strangers and not any(SECRET in str(entry.to_json()) for entry in strangers)


@pytest.mark.scheduler
@pytest.mark.parametrize("cell", [cell for part in SHORT for cell in part], ids=str)
def test_short_form(short_form, cell):
    assert wrongs(cell, short_form[cell]) == [], short_form[cell]


@pytest.mark.scheduler
@pytest.mark.parametrize("cell", SHORT_API, ids=str)
def test_short_form_of_failing_apis(short_form, cell):
    assert api_wrongs(cell, short_form[cell]) == [], short_form[cell]
    assert no_secret(short_form.strangers)


@pytest.mark.scheduler
@pytest.mark.slow
@pytest.mark.parametrize("cell", cells(), ids=str)
def test_whole_matrix(whole_matrix, cell):
    assert wrongs(cell, whole_matrix[cell]) == [], whole_matrix[cell]


@pytest.mark.scheduler
@pytest.mark.slow
@pytest.mark.parametrize("cell", api_cells(), ids=str)
def test_failing_apis(whole_matrix, cell):
    assert api_wrongs(cell, whole_matrix[cell]) == [], whole_matrix[cell]
    assert no_secret(whole_matrix.strangers)


def test_the_page_shows_the_matrix():
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ") and not _is_head(line)]
    assert len(rows) == len(rows_expected()), "make test-faults writes docs/reliability.md anew"
    for row, expected in zip(rows, rows_expected(), strict=True):
        assert row.startswith(expected)


def _is_head(line):
    return line.endswith("| seconds |")
