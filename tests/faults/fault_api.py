"""What an API can do to a request instead of answering it well, and what a workflow makes of that."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from arazzo.testing import Scenario

HERE = Path(__file__).parent
TIMES = {"always": 1_000_000, "once": 1}
#: Bytes of an answer.
MAX_BYTES = 100_000


@dataclass(frozen=True)
class ApiFault:
    """A way in which an API fails.

    :param name: in the words of the page.
    :param answer: for the mock.
    :param message: what the failure of the step says.
    :param answered: whether the server has said what became of the request.
    """

    name: str
    answer: dict
    message: str
    answered: bool = False

    @property
    def timeout(self):
        """Seconds for an exchange: few where they are to pass."""
        return 1 if "within" in self.message else 30


API_FAULTS = {
    "refused": ApiFault("refuses connections", {}, "no connection: Connection refused"),
    "reset": ApiFault("resets the connection", {"fault": "reset"}, "closed before the answer was complete"),
    "hang": ApiFault("does not answer", {"fault": "hang"}, "no complete answer within"),
    "half": ApiFault("answers half", {"fault": "half", "body": {"mark": "x" * 99}}, "closed before the answer"),
    "garbage": ApiFault("answers garbage", {"fault": "garbage"}, "not readable as HTTP"),
    "slow": ApiFault(
        "answers a byte at a time",
        {"fault": "slow", "pace": 0.05, "body": {"mark": "x" * 99}},
        "no complete answer within",
    ),
    "huge": ApiFault("answers 8 GB", {"size": 8_000_000_000}, "larger than 100,000 bytes"),
    "busy": ApiFault("answers 429, Retry-After: 3", {"status": 429, "headers": {"Retry-After": "3"}}, "429", True),
    "broken": ApiFault("answers 500", {"status": 500}, "500", True),
    "moved": ApiFault("redirects to another host", {"status": 307, "headers": {"Location": "{other}"}}, "307", True),
}


def scenario(other):
    """Return the mock's scenario: keys that begin with a word of :data:`TIMES` and a fault get it so often.

    :param other: where redirects lead.
    """
    data = yaml.safe_load((HERE / "shop.scenario.yaml").read_text("utf-8"))
    for operation in ("shop.readOrder", "shop.placeOrder"):
        rules = data["operations"][operation]["rules"]
        added = [
            _rule(often, name, fault.answer, other)
            for name, fault in API_FAULTS.items()
            for often in TIMES
            if fault.answer
        ]
        data["operations"][operation] = {"key": "{{path.key}}", "rules": [*added, *rules]}
    return Scenario.model_validate(data)


def _rule(often, name, answer, other):
    if "Location" in answer.get("headers", {}):
        answer = {**answer, "headers": {"Location": f"{other}/orders/landed"}}
    answers = [{**answer, "times": TIMES[often]}, {"body": {"mark": "{{key}}"}}]
    return {"when": {"path": {"key": {"matches": f"{often}-{name}-.*"}}}, "answers": answers}
