"""Which statuses criteria name, so that a redirect that is expected is not followed."""

import pytest

from arazzo.criteria.named_statuses import named_statuses
from arazzo.document.models import Criterion
from arazzo.exchange import REDIRECTS


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"condition": "$statusCode == 302"}, {302}),
        ({"condition": "302 == $statusCode"}, {302}),
        ({"condition": "$statusCode != 302"}, {302}),
        ({"condition": "$statusCode == '303' || $statusCode==307"}, {303, 307}),
        ({"condition": "$statusCode >= 300 && $statusCode < 400"}, set(REDIRECTS)),
        ({"condition": "$statusCode > 299 && $statusCode <= 399"}, set(REDIRECTS)),
        ({"condition": "$statusCode < 400"}, set()),
        ({"condition": "$statusCode >= 300"}, set()),
        ({"condition": "$statusCode == 200 && $response.body#/n == 302"}, set()),
        ({"context": "$statusCode", "type": "regex", "condition": "^30[12]$"}, {301, 302}),
        ({"context": "$statusCode", "type": "regex", "condition": "^[23]"}, set()),
        ({"context": "$statusCode", "type": "regex", "condition": "^(3"}, set()),
        ({"context": "$statusCode", "type": "regex", "condition": "^(200|302)$"}, {302}),
        ({"context": "$statusCode", "type": "regex", "condition": "^(2..|30[12])$"}, {301, 302}),
        ({"context": "$response.body", "type": "regex", "condition": "302"}, set()),
        ({"condition": "$statusCode == 200 || $statusCode == 302"}, {302}),
        ({"condition": "300 <= $statusCode && 400 > $statusCode"}, set(REDIRECTS)),
        ({"condition": "$statusCode >= 301 && $statusCode <= 303"}, {301, 302, 303}),
        ({"condition": "$response.body#/text == '$statusCode == 302'"}, set()),
        ({"condition": "!($statusCode == 307)"}, {307}),
        ({"context": "$statusCode", "type": "jsonpath", "condition": "$[?@ == 308]"}, {308}),
        ({"context": "$response.body", "type": "jsonpath", "condition": "$statusCode == 302 && $.a == 1"}, {302}),
    ],
)
def test_named_statuses(fields, named):
    assert set(named_statuses([[Criterion.model_validate(fields)]], REDIRECTS, "lenient")) == named


def test_criteria_that_hold_together_name_a_range_together():
    bounds = [Criterion(condition="$statusCode >= 300"), Criterion(condition="$statusCode < 400")]
    assert named_statuses([bounds], REDIRECTS, "lenient") == REDIRECTS
    assert named_statuses([[bound] for bound in bounds], REDIRECTS, "lenient") == ()
