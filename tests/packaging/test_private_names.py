"""Which module uses what is private to a dependency; each such dependency has an upper bound."""

import ast
import re

import pytest
from test_dependencies import HALVES, declared, distribution

pytestmark = pytest.mark.attack("dependencies", "a private name that moves in a version without an upper bound")

#: By distribution, by module of ours: private modules, and private or patched names, as they stand in the module.
PRIVATE = {
    "aiohttp": {"arazzo/transport/aiohttp_limits.py": {"aiohttp.connector.Connection", "set_exception"}},
    "apache-airflow": {
        "airflow_arazzo/compat.py": {"airflow.sdk.definitions._internal.contextmanager"},
        "airflow_arazzo/operators/rendering.py": {"_do_render_template_fields"},
    },
    "apache-airflow-providers-http": {"airflow_arazzo/hooks/arazzo.py": {"_base_url_initialized"}},
    "elementpath": {
        "arazzo/expressions/xpath_parsers.py": {"elementpath.tdop", "elementpath.regex", "symbol_table"},
        "arazzo/openapi/xml_replacement.py": {"elementpath.xpath_nodes"},
    },
    "jsonpath-ng": {
        "arazzo/expressions/goessner.py": {"jsonpath_ng.ext.parser"},
        "arazzo/expressions/selectors.py": {"part.find ="},
    },
    "jsonpath-rfc9535": {"arazzo/expressions/rfc9535.py": {"jsonpath_rfc9535.parse", "_visit"}},
    "pyyaml": {"arazzo/source/yaml_reader.py": {"yaml.cyaml"}},
    "requests": {"arazzo/transport/requests_client.py": {"adapter.request_url ="}},
    "urllib3": {"arazzo/transport/requests_client.py": {"pool.ConnectionCls =", "response_class"}},
    "uvicorn": {"arazzo/testing/serving.py": {"uvicorn.protocols.http.h11_impl"}},
}
USES = [
    (name, module, used)
    for name, modules in PRIVATE.items()
    for module, names in modules.items()
    for used in sorted(names)
]


def half(module):
    return HALVES[module.partition("/")[0]]


def underscored(package):
    """Yield module, distribution and name of each underscored import and each ``module._name``."""
    for path in sorted((HALVES[package] / package).rglob("*.py")):
        module = path.relative_to(HALVES[package]).as_posix()
        origins = {}
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Import(names=names):
                    found = {alias.asname or alias.name.partition(".")[0]: alias.name for alias in names}
                case ast.ImportFrom(module=str(origin), names=names):
                    found = {alias.asname or alias.name: f"{origin}.{alias.name}" for alias in names}
                case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in origins and re.match("_[^_]", attr):
                    yield module, distribution(origins[name], package), f"{name}.{attr}"
                    continue
                case _:
                    continue
            origins |= found
            for full in found.values():
                if any(part.startswith("_") and not part.endswith("__") for part in full.split(".")):
                    yield module, distribution(full, package), full


@pytest.mark.parametrize("package", HALVES)
def test_what_is_underscored_is_listed(package):
    found = {use for use in underscored(package) if use[1] not in (None, "arazzo", "airflow-arazzo")}
    listed = {(module, name): used for name, modules in PRIVATE.items() for module, used in modules.items()}
    missing = [
        (module, name, used)
        for module, name, used in found
        if not any(used.startswith(known) for known in listed.get((module, name), ()))
    ]
    assert missing == []


@pytest.mark.parametrize(("name", "module", "used"), USES)
def test_what_is_listed_is_used(name, module, used):
    assert used in (half(module) / module).read_text("utf-8")


@pytest.mark.parametrize("name", PRIVATE)
def test_who_is_used_so_has_an_upper_bound_wherever_it_is_declared(name):
    found = [declared(package)[name] for package in HALVES if name in declared(package)]
    assert [str(each) for each in found if not any(each.operator in ("<", "==", "~=") for each in each.specifier)] == []
