"""Objectives come from OpenSLO files, of which each word is understood or refused."""

import copy
import re

import pytest
import yaml

from lossedu.monitoring.slo import document, durations
from lossedu.monitoring.slo.least_events import false_alarm_rate
from lossedu.monitoring.slo.objective import SLOError
from lossedu.monitoring.timeline import Series

TEXT = """
apiVersion: openslo/v1
kind: SLO
metadata:
  name: margin-violations
  displayName: Margin violations of the spam filter
  labels: {team: mail}
  annotations:
    lossedu/usual-share: "0.015"
    lossedu/false-alarm-rate: "0.001"
spec:
  description: At most 3 of 100 mails lie within the margin.
  service: spam-filter
  budgetingMethod: Occurrences
  timeWindow:
    - {duration: 4w, isRolling: true}
  objectives:
    - {displayName: Clear of the margin, target: 0.97}
  indicator:
    metadata: {name: margin-violation}
    spec:
      ratioMetric:
        counter: true
        bad:
          metricSource:
            type: Prometheus
            spec: {query: 'lossedu_bad_events_total{sli="margin_violation", model="spam"}'}
        total:
          metricSource:
            type: Prometheus
            spec: {query: 'lossedu_events_total{sli="margin_violation", model="spam"}'}
  alertPolicies:
    - kind: AlertPolicy
      metadata: {name: MarginBurnFast}
      spec:
        conditions:
          - kind: AlertCondition
            metadata: {name: burns-fast}
            spec:
              severity: page
              condition:
                {kind: burnrate, op: gt, threshold: 6, lookbackWindow: 1h, alertAfter: 2m}
    - kind: AlertPolicy
      metadata: {name: MarginTicket}
      spec:
        conditions:
          - kind: AlertCondition
            metadata: {name: burns-on}
            spec:
              severity: ticket
              condition: {kind: burnrate, op: gt, threshold: 2, lookbackWindow: 6h}
"""


def changed(path, value):
    """The document with one entry replaced; without it where the value is None."""
    whole = copy.deepcopy(yaml.safe_load(TEXT))
    *way, last = path
    place = whole
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return whole


def test_a_file_of_two_objectives_is_read(tmp_path):
    path = tmp_path / "slo.yaml"
    path.write_text(TEXT + "---" + TEXT.replace("margin-violations", "again"))

    first, second = document.read(path)

    assert (first.name, second.name) == ("margin-violations", "again")
    assert first.title == "Margin violations of the spam filter"
    assert (first.target, first.window_s) == (0.97, 28 * 86_400)
    labels = {"sli": "margin_violation", "model": "spam"}
    assert first.bad == Series.of("lossedu_bad_events_total", **labels)
    assert first.total == Series.of("lossedu_events_total", **labels)
    fast, slow = first.policies
    assert (fast.name, fast.severity, fast.burn) == ("MarginBurnFast", "page", 6)
    assert (fast.long_s, fast.short_s, fast.hold_s) == (3600, 300, 120)
    assert (slow.severity, slow.hold_s) == ("ticket", 0)


def test_each_alert_gets_the_events_that_keep_false_alarms_rare():
    slo = document.parsed(yaml.safe_load(TEXT))

    for policy in slo.policies:
        rate = false_alarm_rate(policy.least, 0.015, slo.threshold(policy))
        assert 0 < rate <= 0.001
        assert false_alarm_rate(policy.least - 1, 0.015, slo.threshold(policy)) > 0.001


def test_without_the_annotations_one_event_is_enough():
    slo = document.parsed(changed(["metadata", "annotations"], None))

    assert [policy.least for policy in slo.policies] == [1, 1]


CONDITION = ["spec", "alertPolicies", 0, "spec", "conditions", 0, "spec", "condition"]
RATIO = ["spec", "indicator", "spec", "ratioMetric"]
QUERY = [*RATIO, "bad", "metricSource", "spec", "query"]


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (["apiVersion"], "openslo/v2alpha", "apiVersion of the document must be 'openslo/v1'"),
        (["kind"], "SLI", "kind of the document must be 'SLO', but is 'SLI'"),
        (["spec"], None, "the document must have spec, but has apiVersion, kind, metadata"),
        (["metadata", "name"], "Margin Violations", "name must be lower-case words"),
        (["metadata", "colour"], "red", "metadata must have fields that are used, but has colour"),
        (["spec", "budgetingMethod"], "Timeslices", "budgetingMethod of spec must be 'Occurr"),
        (["spec", "timeWindow", 0, "isRolling"], False, "isRolling of timeWindow[0] must be True"),
        (["spec", "timeWindow", 0, "duration"], "1.5h", "duration of timeWindow[0]: a duration"),
        (["spec", "timeWindow"], [], "timeWindow of spec must be a list, but is []"),
        (["spec", "objectives"], [{"target": 0.9}] * 2, "objectives of spec must have one entry"),
        (["spec", "objectives", 0, "target"], "many", "target of objectives[0] must be a number"),
        (["spec", "objectives", 0, "target"], 0.8, "MarginBurnFast of margin-violations can nev"),
        (["spec", "objectives", 0, "timeSliceTarget"], 1, "but has timeSliceTarget"),
        ([*RATIO, "bad"], None, "ratioMetric must count bad and total events"),
        ([*RATIO, "counter"], False, "counter of ratioMetric must be True"),
        (QUERY, 'sum(rate(x_total{a="b"}[5m]))', "query must be a counter with labels"),
        (QUERY, 'x_total{a=~"b.*"}', "query must be a counter with labels"),
        ([*CONDITION, "alertWhenNoData"], True, "but has alertWhenNoData"),
        (["spec", "alertPolicies", 0, "spec", "alertWhenResolved"], True, "has alertWhenResolved"),
        ([*CONDITION, "kind"], "value", "kind of condition must be 'burnrate'"),
        ([*CONDITION, "op"], "lt", "op of condition must be 'gt', but is 'lt'"),
        ([*CONDITION, "threshold"], 40, "a burn rate above 40 asks for more than 120% bad events"),
        ([*CONDITION, "lookbackWindow"], "30d", "must be at most the window of margin-violations"),
        ([*CONDITION[:-1], "severity"], "loud", "severity of MarginBurnFast must be"),
        (["metadata", "annotations"], {"lossedu/usual-share": 0.01}, "must have both of"),
        (["metadata", "annotations", "lossedu/usual-share"], 0.5, "usual must be at least 0 and"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path, path, value, complaint):
    file = tmp_path / "slo.yaml"
    file.write_text(yaml.safe_dump(changed(path, value)))

    with pytest.raises(SLOError, match=re.escape(complaint)) as refused:
        document.read(file)

    assert str(refused.value).startswith(f"{file}: ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("", "must hold an SLO, but is empty"), ("a: [", "must be YAML"), ("- 1", "but is [1]")],
)
def test_a_file_that_is_no_objective_is_named(tmp_path, text, complaint):
    file = tmp_path / "slo.yaml"
    file.write_text(text)

    with pytest.raises(SLOError, match=re.escape(complaint)):
        document.read(file)


def test_a_label_may_hold_quotes():
    query = r'bad_total{sli="sage \"nö\"\\",}'

    assert document.parsed(changed(QUERY, query)).bad == Series.of("bad_total", sli='sage "nö"\\')


@pytest.mark.parametrize("text", ["5m", "1h", "28d", "90m", "500ms", "30s"])
def test_a_duration_is_written_as_it_was_read(text):
    assert durations.text(durations.seconds(text)) == text


@pytest.mark.parametrize("text", ["", "5", "m", "1.5h", "-1h", "1h ", "0s", "1 h", "1H"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="a duration must be whole numbers with"):
        durations.seconds(text)


def test_objectives_of_one_name_are_refused(tmp_path):
    path = tmp_path / "slo.yaml"
    path.write_text(f"{TEXT}---{TEXT}", encoding="utf-8")

    with pytest.raises(SLOError, match="SLOs must have names of their own, but margin-violations"):
        document.read(path)


def test_a_file_of_another_encoding_is_named_and_other_line_ends_are_none(tmp_path):
    path = tmp_path / "übung 1.yaml"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    assert [slo.name for slo in document.read(path)] == ["margin-violations"]

    path.write_text(TEXT, encoding="utf-16")
    with pytest.raises(SLOError, match="must be text in UTF-8"):
        document.read(path)


def test_a_source_that_is_not_prometheus_is_refused():
    whole = yaml.safe_load(TEXT.replace("type: Prometheus", "type: Datadog"))

    with pytest.raises(SLOError, match="type of metricSource must be 'Prometheus'"):
        document.parsed(whole)


def test_a_field_whose_name_is_a_number_is_refused():
    with pytest.raises(SLOError, match="the document must have fields that are used, but has 1"):
        document.parsed(yaml.safe_load(TEXT) | {1: 2})
