from __future__ import annotations

import pytest

from benchmarks.cases.contested import headlines
from benchmarks.verdict import matrices, summarise, wins


def row(peer, seconds, loss, **more):
    return {
        "matrix": "X 9 x 4",
        "k": 2,
        "loss function": "frobenius",
        "peer": peer,
        "setting": "sample-major",
        "seconds": seconds,
        "spread": 0.1,
        "capped": False,
        "loss": loss,
        "relative loss": loss / 100,
        "s to our loss": None if peer == "nmfcore" else seconds,
        "reaches our loss": None if peer == "nmfcore" else loss <= 10.0,
        "our s to its loss": None if peer == "nmfcore" else 0.5,
        "we reach its loss": None if peer == "nmfcore" else loss >= 10.0,
        **more,
    }


OURS = [row("nmfcore", 1.0, 9.0), row("nmfcore", 2.0, 10.0, setting="feature-major")]


def test_summary_sets_the_slower_setting_and_worse_loss_against_the_better_reference():
    cd, mu = row("scikit-learn-cd", 16.0, 10.5), row("scikit-learn-mu", 8.0, 12.0)
    summary = summarise([*OURS, cd, mu])
    assert (summary["nmfcore s"], summary["scikit-learn"], summary["speed-up"]) == (2.0, "cd", 8.0)
    assert summary["not above"] is True
    assert summary["to equal loss"] == "> 8"
    assert summary["soonest at our loss"] == "none"


def test_summary_takes_the_quicker_of_two_references_that_end_alike():
    summary = summarise([*OURS, row("scikit-learn-cd", 16.0, 12.0), row("scikit-learn-mu", 8.0, 12.0005)])
    assert (summary["scikit-learn"], summary["speed-up"]) == ("mu", 4.0)


def test_summary_sets_the_subject_cut_short_against_the_call_of_the_reference_that_ended_there():
    summary = summarise([*OURS, row("scikit-learn-cd", 16.0, 10.5), row("scikit-learn-mu", 8.0, 12.0)])
    assert summary["to its loss"] == 32.0
    never = row("scikit-learn-cd", 16.0, 10.5, **{"we reach its loss": False})
    assert summarise([*OURS, never])["to its loss"] is None


def test_summary_names_the_peer_that_is_soonest_at_our_loss():
    slow, soon = row("torchnmf", 40.0, 9.9), row("pyplanc", 6.0, 9.9)
    summary = summarise([*OURS, slow, soon])
    assert (summary["soonest at our loss"], summary["to equal loss"]) == ("pyplanc", "3")
    assert summary["speed-up"] is None


def test_summary_alone_and_beside_references_has_the_same_keys():
    assert summarise(OURS).keys() == summarise([*OURS, row("scikit-learn-cd", 1.0, 11.0)]).keys()


def test_no_win_where_a_peer_is_later_and_not_lower():
    assert list(wins([*OURS, row("pyplanc", 6.0, 9.9999), row("torchnmf", 0.1, 11.0)])) == []


def test_a_peer_wins_by_being_sooner_at_our_loss():
    (text,) = wins([*OURS, row("pyplanc", 1.5, 9.9999)])
    assert text == "X 9 x 4, k = 2, frobenius: pyplanc hals comes to nmfcore's loss in 1.5 s, nmfcore in 2 s"


@pytest.mark.parametrize(
    ("more", "ending"),
    [
        ({}, "nmfcore does not come down to that in 0.5 s"),
        ({"we reach its loss": True, "our s to its loss": 7.0}, "nmfcore needs 7 s for that"),
    ],
)
def test_a_peer_wins_by_ending_lower_where_we_do_not_follow_in_time(more, ending):
    (text,) = wins([*OURS, row("tensorly", 6.0, 9.0, **more)])
    assert text == f"X 9 x 4, k = 2, frobenius: tensorly hals ends at a loss 10 % lower after 6 s; {ending}"


def test_a_lower_loss_that_we_reach_sooner_is_no_win():
    assert list(wins([*OURS, row("tensorly", 6.0, 9.0, **{"we reach its loss": True})])) == []


def test_headlines_count_only_where_the_loss_is_not_above_and_name_every_win():
    lower = [{**one, "matrix": "Y"} for one in (*OURS, row("scikit-learn-cd", 20.0, 9.0))]
    whole = [{**one, "matrix": "Z"} for one in (*OURS, row("scikit-learn-cd", 8.0, 10.5))]
    rows = [*OURS, row("scikit-learn-cd", 16.0, 10.5, capped=True), *lower, *whole]
    assert len(list(matrices(rows))) == 3
    first, soon, *lost = headlines(rows)
    assert "on 2 of 3; 4 to 4 times as fast, geometric mean 4" in first
    assert first.endswith("; scikit-learn cut short on 1: at least 8 times as fast")
    assert soon == "at scikit-learn's own loss, reached on 2 of 3: 16 to 32 times as fast, geometric mean 22.6"
    assert [text[:1] for text in lost] == ["Y"]
    brief = row("scikit-learn-cd", 1.0, 10.5, capped=True)
    assert next(headlines([*OURS, brief])).endswith("; scikit-learn cut short on 1: too soon for a ratio")
    assert list(headlines(OURS)) == ["no peer is sooner at nmfcore's loss, and none ends lower sooner"]
