"""Every alert has a runbook, whose questions Prometheus answers while the alert fires."""

import re

import pytest

from lossedu.monitoring.runbooks.reading import runbook, runbooks
from lossedu.monitoring.scenarios.catalog import scenario, scenarios
from lossedu.monitoring.scenarios.scenario import alerts, run
from lossedu.monitoring.services.prometheus import serving_past
from lossedu.monitoring.slo.thresholds import STALE_S
from tests import needs

HEADINGS = ["Look", "Decide", "Roll back", "Verify"]
INCIDENTS = sorted({book.scenario for book in runbooks().values()})


def test_every_alert_has_a_runbook_and_each_incident_leads_to_one():
    assert set(runbooks()) == set(alerts())
    assert {one.runbook for one in scenarios().values()} <= set(runbooks())


@pytest.mark.parametrize("alert", alerts())
def test_a_runbook_says_what_to_look_at_decide_and_verify(alert):
    book = runbook(alert)

    assert re.findall(r"^## (.+)$", book.text, re.MULTILINE) == HEADINGS
    assert book.text.startswith(f"# {alert}\n")
    for number, question in enumerate(book.questions, 1):
        assert f"{number}. {question.ask}" in book.text
        assert question.query in book.with_queries()


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("name", INCIDENTS)
def test_prometheus_answers_its_questions_while_the_alert_fires(name):
    needs.monitoring()
    done = run(scenario(name))
    begin = done.timeline.times[0]
    books = [book for book in runbooks().values() if book.scenario == name]

    with serving_past(done.timeline) as server:
        for book in books:
            fired = next(one for one in done.fired if one.alert == book.alert)
            at = begin + fired.starts_s + STALE_S
            for question in book.questions:
                answer = server.query(question.query, at)
                assert answer, (book.alert, question.query)
                assert all(value == value for value in answer.values()), question.query


def test_an_alert_without_a_runbook_is_named_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'LabelsLate'"):
        runbook("LabelLate")
