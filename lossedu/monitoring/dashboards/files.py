"""Dashboards as Grafana's and Perses' files."""

import json
from collections.abc import Mapping
from typing import Any

from lossedu.monitoring.dashboards.description import Dashboard, Panel

_GRAFANA_UNITS = {
    "share": "percentunit",
    "number": "short",
    "seconds": "s",
    "a second": "cps",
}
_PERSES_UNITS = {
    "share": "percent-decimal",
    "number": "decimal",
    "seconds": "seconds",
    "a second": "counts/sec",
}
_HEIGHT, _WIDTH = 8, 12
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def grafana(dashboard: Dashboard) -> str:
    """The file that Grafana imports; it asks for the Prometheus to use."""
    whole = {
        "uid": f"lossedu-{dashboard.name}",
        "title": dashboard.title,
        "tags": ["lossedu"],
        "schemaVersion": 39,
        "timezone": "utc",
        "editable": True,
        "refresh": "1m",
        "time": {"from": f"now-{dashboard.hours}h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [_grafana_panel(n, panel) for n, panel in enumerate(dashboard.panels)],
    }
    return json.dumps(whole, indent=2) + "\n"


def perses(dashboard: Dashboard) -> str:
    """The file that Perses applies."""
    panels = {f"panel{n}": _perses_panel(panel) for n, panel in enumerate(dashboard.panels)}
    items = [
        {
            "x": _WIDTH * (n % 2),
            "y": _HEIGHT * (n // 2),
            "width": _WIDTH,
            "height": _HEIGHT,
            "content": {"$ref": f"#/spec/panels/{key}"},
        }
        for n, key in enumerate(panels)
    ]
    layout = {"display": {"title": dashboard.title, "collapse": {"open": True}}, "items": items}
    whole = {
        "kind": "Dashboard",
        "metadata": {"name": dashboard.name, "project": "lossedu"},
        "spec": {
            "display": {"name": dashboard.title},
            "duration": f"{dashboard.hours}h",
            "variables": [],
            "panels": panels,
            "layouts": [{"kind": "Grid", "spec": layout}],
        },
    }
    return json.dumps(whole, indent=2) + "\n"


def _grafana_panel(number: int, panel: Panel) -> Mapping[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "text", "value": None}]
    custom: dict[str, Any] = {"lineWidth": 2, "fillOpacity": 5}
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
        custom["thresholdsStyle"] = {"mode": "dashed"}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.why,
        "datasource": _SOURCE,
        "gridPos": {
            "x": _WIDTH * (number % 2),
            "y": _HEIGHT * (number // 2),
            "w": _WIDTH,
            "h": _HEIGHT,
        },
        "targets": [
            {
                "refId": chr(ord("A") + row),
                "datasource": _SOURCE,
                "expr": line.query,
                "legendFormat": line.legend,
            }
            for row, line in enumerate(panel.lines)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": _GRAFANA_UNITS[panel.unit],
                "custom": custom,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
    }


def _perses_panel(panel: Panel) -> Mapping[str, Any]:
    chart: dict[str, Any] = {
        "legend": {"position": "bottom", "mode": "list"},
        "yAxis": {"format": {"unit": _PERSES_UNITS[panel.unit]}},
        "visual": {"lineWidth": 2, "areaOpacity": 0.05},
    }
    if panel.limit is not None:
        chart["thresholds"] = {"mode": "absolute", "steps": [{"value": panel.limit}]}
    return {
        "kind": "Panel",
        "spec": {
            "display": {"name": panel.title, "description": panel.why},
            "plugin": {"kind": "TimeSeriesChart", "spec": chart},
            "queries": [
                {
                    "kind": "TimeSeriesQuery",
                    "spec": {
                        "plugin": {
                            "kind": "PrometheusTimeSeriesQuery",
                            "spec": {"query": line.query, "seriesNameFormat": line.legend},
                        }
                    },
                }
                for line in panel.lines
            ],
        },
    }
