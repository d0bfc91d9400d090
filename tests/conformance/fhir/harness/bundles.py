"""Transaction bundles: well formed, and loadable one after the other once shared.json is there."""

import json


def bundle_findings(folder, run):
    """What is wrong with the bundles of a run; their resources together are those of the NDJSON files."""
    problems, loaded = [], set()
    shared = folder / "shared.json"
    paths = [shared, *sorted(path for path in folder.glob("*.json") if path != shared)]
    if not shared.exists():
        return [f"{folder}: no shared.json"]
    for path in paths:
        bundle = json.loads(path.read_text())
        if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
            problems.append(f"{path.name}: not a transaction Bundle")
            continue
        here, wanted = set(), []
        for place, entry in enumerate(bundle.get("entry", [])):
            resource, request = entry.get("resource", {}), entry.get("request", {})
            address = f"{resource.get('resourceType')}/{resource.get('id')}"
            if request.get("method") != "PUT" or request.get("url") != address:
                problems.append(f"{path.name} entry {place}: request {request} does not put {address}")
            if entry.get("fullUrl") is None or not entry["fullUrl"].endswith(resource.get("id", "?")):
                problems.append(f"{path.name} entry {place}: fullUrl {entry.get('fullUrl')} is not that of {address}")
            if address in here or address in loaded:
                problems.append(f"{path.name} entry {place}: {address} is there twice")
            here.add(address)
            wanted += [(place, target) for target in references(resource)]
        urls = {entry.get("fullUrl") for entry in bundle.get("entry", [])}
        for place, target in wanted:
            if target not in here and target not in loaded and target not in urls:
                problems.append(f"{path.name} entry {place}: {target} is neither here nor in what was loaded before")
        loaded |= here
    for address in sorted(run.ids - loaded)[:5]:
        problems.append(f"{address} is in no bundle")
    for address in sorted(loaded - run.ids)[:5]:
        problems.append(f"{address} is in a bundle and in no NDJSON file")
    return problems


# Bytes of a history that is long enough to hold something of most types.
HISTORY = 100_000


def sample_bundles(folder):
    """The bundle of the patient with the shortest history and that of one with some history, on a line each."""
    by_size = sorted((path.stat().st_size, path.name, path) for path in folder.glob("*.json") if path.name != "shared.json")
    longer = [entry for entry in by_size if entry[0] >= HISTORY] or by_size[-1:]
    chosen = dict.fromkeys(path for _, _, path in (by_size[:1] + longer[:1]))
    return [json.dumps(json.loads(path.read_text()), separators=(",", ":")) for path in chosen]


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)
