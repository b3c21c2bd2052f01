"""A candidate passes, fails, or has not shown enough; the interval decides, and is right."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch

from lossedu.calibration import expected_calibration_error
from lossedu.monitoring.frames import FrameError
from lossedu.monitoring.gate import reports
from lossedu.monitoring.gate.decision import decide
from lossedu.monitoring.gate.policy import Limit, Policy, PolicyError, parsed, read
from tests.monitoring.gate.models import losses


def policy(check, value, kind="most_increase", **options):
    return Policy((Limit(check, kind, value),), **options)


def only(decision):
    (check,) = decision.checks
    return check


def test_a_candidate_that_is_as_good_passes_and_a_worse_one_fails():
    limits = policy("mean_loss", 0.02)

    assert decide(*losses(), limits).verdict == "passed"
    assert decide(*losses(worse=0.5), limits).verdict == "failed"


def test_what_could_be_either_is_not_enough_evidence():
    decision = decide(*losses(600, worse=0.1), policy("mean_loss", 0.019))

    check = only(decision)
    assert check.low < 0.019 < check.high
    assert (decision.verdict, decision.exit_code) == ("not enough evidence", 2)


def test_fewer_examples_than_asked_decide_nothing():
    assert decide(*losses(499), policy("mean_loss", 9.0)).verdict == "not enough evidence"
    assert decide(*losses(499), policy("mean_loss", 9.0, least=499)).verdict == "passed"


def test_the_interval_of_a_mean_is_that_of_the_paired_differences():
    candidate, baseline = losses()
    differences = (candidate["loss"] - baseline["loss"]).to_numpy()
    error = differences.std(ddof=1) / np.sqrt(len(differences))

    check = only(decide(candidate, baseline, policy("mean_loss", 1.0)))

    assert check.value == pytest.approx(differences.mean())
    ends = differences.mean() + np.array([-1.96, 1.96]) * error
    np.testing.assert_allclose([check.low, check.high], ends, atol=0.3 * error)


@pytest.mark.slow
def test_ninety_five_of_a_hundred_intervals_hold_the_truth():
    truth = np.mean([np.subtract(*(t["loss"].mean() for t in losses(50_000, worse=0.1, seed=s)))
                     for s in range(1000, 1006)])  # fmt: skip
    held = 0
    for seed in range(150):
        check = only(decide(*losses(300, worse=0.1, seed=seed), policy("mean_loss", 1.0)))
        held += check.low <= truth <= check.high

    assert held / 150 == pytest.approx(0.95, abs=0.06)


def test_figures_are_those_of_the_plain_formulas():
    candidate, baseline = losses(3000, worse=0.3)
    label, said = candidate["label"], candidate["predicted"]
    checks = {
        "violation_rate": (candidate["margin"] < 1).mean(),
        "recall of 1": (said[label == 1] == 1).mean(),
        "precision of 0": (label[said == 0] == 0).mean(),
        "invalid": 0,
    }
    names = {name.partition(" of ")[0] for name in checks}
    kinds = {"recall": "most_drop", "precision": "most_drop", "invalid": "most"}
    limits = [Limit(name, kinds.get(name, "most_increase"), 1.0) for name in sorted(names)]

    decision = decide(candidate, baseline, Policy(tuple(limits)))

    figures = {check.name: check.candidate for check in decision.checks}
    for name, expected in checks.items():
        assert figures[name] == pytest.approx(expected), name
    assert len(decision.checks) == 2 + 2 + 2


def test_the_calibration_error_is_the_packages():
    candidate, baseline = losses(3000, worse=0.3)
    score = np.where(candidate["label"] == 1, candidate["margin"], -candidate["margin"])
    logits = torch.tensor(np.stack([0 * score, score], axis=1))
    labels = torch.tensor(candidate["label"].to_numpy())

    check = only(decide(candidate, baseline, policy("calibration_error", 0.5, "most")))

    expected = expected_calibration_error(logits.softmax(-1), labels, bins=10)
    assert check.candidate == pytest.approx(float(expected), abs=1e-6)


def test_a_tail_that_grows_is_seen_where_the_mean_is_not():
    candidate, baseline = losses(4000, worse=0.0)
    worst = candidate["loss"] > candidate["loss"].quantile(0.99)
    candidate["loss"] = np.where(worst, candidate["loss"] + 2.0, candidate["loss"] - 0.02)

    both = Policy(tuple(Limit(n, "most_increase", 0.05) for n in ("mean_loss", "tail_loss")))
    mean, tail = decide(candidate, baseline, both).checks

    assert mean.verdict == "passed"
    assert tail.verdict == "failed"


def test_one_loss_that_is_not_a_number_fails_a_candidate_that_may_have_none():
    candidate, baseline = losses(600)
    candidate.loc[3, "loss"] = np.nan

    asked = Policy((Limit("invalid", "most", 0), Limit("mean_loss", "most_increase", 0.1)))
    invalid, mean = decide(candidate, baseline, asked).checks

    assert (invalid.candidate, invalid.verdict) == (1, "failed")
    assert mean.verdict == "passed"


def test_rows_in_another_order_are_the_same_examples():
    candidate, baseline = losses(600)

    shuffled = candidate.sample(frac=1, random_state=0)

    one, other = (decide(c, baseline, policy("mean_loss", 0.1)) for c in (candidate, shuffled))
    assert only(one).value == pytest.approx(only(other).value)


def test_seeds_of_an_example_are_drawn_together():
    tables = [losses(600, seed=0) for _ in range(4)]
    candidate, baseline = (
        pd.concat([pair[side].assign(seed=seed) for seed, pair in enumerate(tables)])
        for side in (0, 1)
    )

    four = only(decide(candidate, baseline, policy("mean_loss", 0.1)))
    one = only(decide(*losses(600, seed=0), policy("mean_loss", 0.1)))

    assert decide(candidate, baseline, policy("mean_loss", 0.1)).n == 600
    assert four.high - four.low == pytest.approx(one.high - one.low, rel=0.01)


def test_a_class_that_nobody_has_predicted_has_no_precision_and_no_pass():
    candidate, baseline = losses(600)
    candidate["predicted"] = 0

    checks = decide(candidate, baseline, policy("precision", 0.5, "most_drop")).checks

    assert {c.name: c.verdict for c in checks}["precision of 1"] == "not enough evidence"


def test_reports_say_the_same_for_machines_and_people():
    asked = Policy((Limit("mean_loss", "most_increase", 0.02), Limit("invalid", "most", 0)))
    candidate, baseline = losses(600, worse=0.5)
    decision = decide(candidate, baseline, asked)

    whole = json.loads(reports.as_json(decision))
    text = reports.as_markdown(decision)
    suite = ElementTree.fromstring(reports.as_junit(decision))

    assert (whole["verdict"], whole["exit_code"], whole["examples"]) == ("failed", 1, 600)
    assert [check["verdict"] for check in whole["checks"]] == ["failed", "passed"]
    assert text.startswith("**Gate: failed** (600 examples)")
    assert text.count("\n|") == 4
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    assert [child.tag for case in suite for child in case] == ["failure"]


def test_json_has_null_for_what_is_not_known():
    candidate, baseline = losses(600)
    candidate["predicted"] = 0

    decision = decide(candidate, baseline, policy("precision", 0.5, "most_drop"))

    assert "NaN" not in reports.as_json(decision)
    unknown = [check for check in decision.checks if check.verdict == "not enough evidence"]
    suite = ElementTree.fromstring(reports.as_junit(decision))
    assert suite.get("errors") == str(len(unknown)) != "0"


def test_models_on_different_examples_are_not_compared():
    candidate, baseline = losses(600)

    with pytest.raises(FrameError, match=re.escape("0 are in the candidate's alone and 5 in")):
        decide(candidate[5:], baseline, policy("mean_loss", 0.1))
    with pytest.raises(FrameError, match="candidate must have each id once, or once a seed"):
        decide(pd.concat([candidate, candidate[:2]]), baseline, policy("mean_loss", 0.1))


def test_a_check_that_needs_more_columns_says_which():
    candidate, baseline = (table[["id", "loss"]] for table in losses(600))

    with pytest.raises(PolicyError, match="recall needs the columns label, predicted, but"):
        decide(candidate, baseline, policy("recall", 0.1, "most_drop"))


def test_a_policy_is_read_with_every_check(tmp_path):
    path = tmp_path / "gate.yaml"
    path.write_text(
        "least: 100\nconfidence: 0.9\nchecks:\n"
        "  mean_loss: {most_increase: 0.01, most: 0.5}\n  recall: {most_drop: 0.02}\n"
    )

    asked = read(path)

    assert (asked.least, asked.confidence) == (100, 0.9)
    assert asked.limits == (
        Limit("mean_loss", "most_increase", 0.01),
        Limit("mean_loss", "most", 0.5),
        Limit("recall", "most_drop", 0.02),
    )


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (None, "the policy must be a mapping, but is None"),
        ({}, "checks must name at least one check"),
        ({"check": {}}, "the policy must have least, confidence and checks, but has check"),
        ({"checks": ["mean_loss"]}, "checks must be a mapping, but is ['mean_loss']"),
        ({"checks": {"accuracy": {"most": 1}}}, "checks must be among mean_loss, tail_loss"),
        ({"checks": {"recall": {"most": 1}}}, "recall must have most_drop, but has most"),
        ({"checks": {"mean_loss": {}}}, "mean_loss must have most_increase or most, but has not"),
        ({"checks": {"invalid": {"most": "no"}}}, "most of invalid must be a number, but is 'no'"),
        ({"checks": {"invalid": {"most": float("nan")}}}, "most of invalid must be a number"),
        ({"checks": {"invalid": {"most": 0}}, "least": 0}, "least must be at least 1, but is 0"),
        ({"checks": {"invalid": {"most": 0}}, "confidence": 1}, "confidence must be above 0.5"),
    ],
)
def test_a_policy_that_is_not_understood_is_refused(document, complaint):
    with pytest.raises(PolicyError, match=re.escape(complaint)):
        parsed(document)


def test_a_class_is_one_however_its_column_is_written():
    candidate, baseline = losses()
    limits = policy("recall", 0.02, "most_drop")
    expected = decide(candidate, baseline, limits).table().text()

    for kind in ("float64", "Int64", "bool", "category"):
        written = candidate.assign(predicted=candidate["predicted"].astype(kind))
        assert decide(written, baseline, limits).table().text() == expected, kind
    missing = candidate.assign(
        predicted=candidate["predicted"].astype("Int64").mask(lambda s: s < 0)
    )
    assert decide(missing, baseline, limits).table().text() == expected


def test_a_candidate_that_is_spared_hard_examples_by_nan_fails():
    candidate, baseline = losses(worse=0.5)
    hard = candidate["loss"] > candidate["loss"].quantile(0.7)
    spared = candidate.assign(loss=candidate["loss"].mask(hard))

    decision = decide(spared, baseline, policy("mean_loss", 0.02))

    assert decision.verdict == "failed"
    assert [check.name for check in decision.checks] == ["mean_loss", "invalid"]


@pytest.mark.parametrize(
    ("column", "values", "complaint"),
    [
        ("label", lambda table: 1 - table["label"], "label must be the same in both tables"),
        (
            "seed",
            lambda table: 0,
            "seed must be in both tables or in none, but is in the candidate",
        ),
        ("id", lambda table: table["id"].mask(table["id"] < 2), "id of candidate must be there in"),
        ("loss", lambda table: "low", "loss of candidate must be numbers, but is String."),
    ],
)
def test_tables_that_do_not_match_are_refused(column, values, complaint):
    candidate, baseline = losses()

    with pytest.raises(FrameError, match=re.escape(complaint)):
        decide(candidate.assign(**{column: values(candidate)}), baseline, policy("mean_loss", 1.0))


def test_without_any_confidence_calibration_is_unknown():
    candidate, baseline = losses()

    decision = decide(
        candidate.assign(confidence=np.nan), baseline, policy("calibration_error", 0.1, "most")
    )

    assert decision.verdict == "not enough evidence"


@pytest.mark.parametrize("least", [500.7, float("inf")])
def test_a_number_of_examples_is_whole(least):
    with pytest.raises(PolicyError, match="least must be a whole number"):
        parsed({"least": least, "checks": {"invalid": {"most": 0}}})


def test_a_policy_of_another_encoding_is_named(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("checks: {invalid: {most: 0}}", encoding="utf-16")

    with pytest.raises(PolicyError, match="must be text in UTF-8"):
        read(path)
