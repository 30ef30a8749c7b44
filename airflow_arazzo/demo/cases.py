"""The cases of the demo: which DAG runs with which inputs, and the expected result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arazzo.frozen import dataclass, field


@dataclass(frozen=True)
class ExpectedCall:
    """A request that the API must receive, once or several times in a row.

    :param request: ``METHOD /path?query`` as it went over the wire.
    :param times: how often; None for at least once, if a timeout ends it.
    """

    request: str
    times: int | None = 1

    def __str__(self) -> str:
        return f"{self.times or 'at least 1'} x {self.request}"


@dataclass(frozen=True)
class DemoCase:
    """One run of a DAG and its expected result.

    :param keys: texts that identify this case's requests; no other case's requests contain them.
    :param route: the steps that ran, in order.
    :param outputs: the workflow's outputs; None if there are none.
    :param message: words that the message of a failed run must contain.
    """

    title: str
    dag_id: str
    keys: tuple[str, ...]
    conf: Mapping[str, Any]
    state: str
    requests: tuple[ExpectedCall, ...]
    route: tuple[str, ...]
    outputs: Mapping[str, Any] | None = None
    message: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseResult:
    """How a case ended; ``findings`` says what was not as expected."""

    case: DemoCase
    state: str
    route: tuple[str, ...]
    outputs: dict[str, Any] | None
    message: str
    seconds: float
    findings: tuple[str, ...] = field(default=())

    @property
    def right(self) -> bool:
        """Whether the case ended as expected."""
        return not self.findings


_DIGEST = "sha256:5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270"
_AQUA = "rescan-and-cleanup"
_ANCHORE = "rescan-active-image-and-gate"
_WHO = "Basic ZGVtbzpkZW1vLXBhc3N3b3Jk"  # demo:demo-password, which only the mock accepts
_COUNTS = {"critical": 0, "high": 2, "medium": 7, "low": 19, "negligible": 4}
_CVES = [
    {"vuln": "CVE-2026-10001", "severity": "Medium", "package": "libxml2", "packageVersion": "2.9.14", "fix": "2.9.15"}
]
_NOTHING = {"imageDigest": None, "vulnerabilities": None, "finalAction": None}


def _image(registry: str, name: str) -> dict[str, str]:
    """Return the inputs of the Aqua workflow; each case has its own registry, which identifies its requests."""
    return {"registry": registry, "image": f"{name}:1.27", "image_name": name, "image_tag": "1.27"}


def _of(name: str, registry: str) -> str:
    """Return the path of an image: a name with a slash is one segment, so the slash arrives encoded."""
    return f"/aqua/v1/images/{registry}/{name.replace('/', '%2F')}/1.27"


def _begin() -> tuple[ExpectedCall, ExpectedCall]:
    return ExpectedCall("POST /aqua/v1/login"), ExpectedCall("POST /aqua/v1/images")


def _evaluation(tag: str, vtype: str, policy: str = "") -> tuple[ExpectedCall, ExpectedCall, ExpectedCall]:
    image = f"/anchore/images/{_DIGEST.replace(':', '%3A')}"
    text = tag.replace("/", "%2F").replace(":", "%3A")
    return (
        ExpectedCall(f"GET /anchore/images?tag={text}&image_status=active"),
        ExpectedCall(f"GET {image}/vuln/{vtype}?force_refresh=true"),
        ExpectedCall(f"GET {image}/check?{policy}tag={text}"),
    )


CASES: tuple[DemoCase, ...] = (
    DemoCase(
        title="Aqua: the scan completes",
        dag_id=_AQUA,
        keys=("hub-completes",),
        conf=_image("hub-completes", "library/nginx"),
        state="success",
        requests=(*_begin(), ExpectedCall(f"GET {_of('library/nginx', 'hub-completes')}", 3)),
        route=("authenticate", "reRegisterImage", "pollScan"),
        outputs={"scanStatus": "completed", "vulnerabilities": _COUNTS, "deletedStatus": None},
    ),
    DemoCase(
        title="Aqua: the scan fails, the image is deleted",
        dag_id=_AQUA,
        keys=("hub-fails",),
        conf=_image("hub-fails", "library/broken"),
        state="success",
        requests=(
            *_begin(),
            ExpectedCall(f"GET {_of('library/broken', 'hub-fails')}", 2),
            ExpectedCall(f"DELETE {_of('library/broken', 'hub-fails')}"),
        ),
        route=("authenticate", "reRegisterImage", "pollScan", "deleteImage"),
        outputs={"scanStatus": "failed", "vulnerabilities": None, "deletedStatus": 204},
    ),
    DemoCase(
        title="Aqua: the login is refused",
        dag_id="rescan-and-cleanup-stranger",
        keys=("stranger",),
        conf=_image("hub-never-asked", "library/nginx"),
        state="failed",
        requests=(ExpectedCall("POST /aqua/v1/login"),),
        route=("authenticate",),
        message=("authenticate", "$statusCode == 200", "401"),
    ),
    DemoCase(
        title="Aqua: a status that no action lists",
        dag_id=_AQUA,
        keys=("hub-queued",),
        conf=_image("hub-queued", "library/queued"),
        state="failed",
        requests=(*_begin(), ExpectedCall(f"GET {_of('library/queued', 'hub-queued')}")),
        route=("authenticate", "reRegisterImage", "pollScan"),
        message=("none of its success actions matched", "'queued'"),
    ),
    DemoCase(
        title="Aqua: the same with unmatched: next",
        dag_id="rescan-and-cleanup-unmatched-next",
        keys=("hub-goes-on",),
        conf=_image("hub-goes-on", "library/queued"),
        state="success",
        requests=(
            *_begin(),
            ExpectedCall(f"GET {_of('library/queued', 'hub-goes-on')}"),
            ExpectedCall(f"DELETE {_of('library/queued', 'hub-goes-on')}"),
        ),
        route=("authenticate", "reRegisterImage", "pollScan", "deleteImage"),
        outputs={"scanStatus": "queued", "vulnerabilities": None, "deletedStatus": 204},
    ),
    DemoCase(
        title="Aqua: the scan never ends",
        dag_id="rescan-and-cleanup-impatient",
        keys=("hub-endless",),
        conf=_image("hub-endless", "library/endless"),
        state="failed",
        requests=(*_begin(), ExpectedCall(f"GET {_of('library/endless', 'hub-endless')}", times=None)),
        route=("authenticate", "reRegisterImage", "pollScan"),
        message=("timeout of 6 s", "in-progress"),
    ),
    DemoCase(
        title="Anchore: the image is found",
        dag_id=_ANCHORE,
        keys=("library/nginx:stable", "/vuln/all"),
        conf={
            "authorization": _WHO,
            "tag": "docker.io/library/nginx:stable",
            "vtype": "all",
            "policyId": "strict-policy",
        },
        state="success",
        requests=_evaluation("docker.io/library/nginx:stable", "all", "policyId=strict-policy&"),
        route=("findActiveImage", "refreshVulnerabilities", "regate"),
        outputs={"imageDigest": _DIGEST, "vulnerabilities": _CVES, "finalAction": "go"},
    ),
    DemoCase(
        title="Anchore: without policyId",
        dag_id=_ANCHORE,
        keys=("library/redis:7.2", "/vuln/os"),
        conf={"authorization": _WHO, "tag": "docker.io/library/redis:7.2", "vtype": "os"},
        state="success",
        requests=_evaluation("docker.io/library/redis:7.2", "os"),
        route=("findActiveImage", "refreshVulnerabilities", "regate"),
        outputs={"imageDigest": _DIGEST, "vulnerabilities": _CVES, "finalAction": "go"},
    ),
    DemoCase(
        title="Anchore: without vtype",
        dag_id=_ANCHORE,
        keys=("library/postgres:16",),
        conf={"authorization": _WHO, "tag": "docker.io/library/postgres:16"},
        state="failed",
        requests=(ExpectedCall("GET /anchore/images?tag=docker.io%2Flibrary%2Fpostgres%3A16&image_status=active"),),
        route=("findActiveImage", "refreshVulnerabilities"),
        message=("path parameter 'vtype'", "$inputs.vtype, which is absent", "nothing was sent"),
    ),
    DemoCase(
        title="Anchore: nothing is found",
        dag_id=_ANCHORE,
        keys=("library/ghost:1",),
        conf={"authorization": _WHO, "tag": "docker.io/library/ghost:1", "vtype": "os"},
        state="success",
        requests=(ExpectedCall("GET /anchore/images?tag=docker.io%2Flibrary%2Fghost%3A1&image_status=active"),),
        route=("findActiveImage",),
        outputs=_NOTHING,
    ),
)
