"""Whose fault it is that a runner is gone."""

from hypothesis import given
from hypothesis import strategies as st

from nodetool.jobs.blame import Death, Sentence, sentence

deaths = st.builds(
    Death,
    is_shared=st.booleans(),
    was_meant=st.booleans(),
    culprit=st.none() | st.integers(1, 3),
    jobs=st.integers(1, 3),
)


def test_a_run_alone_in_its_runner_answers_for_its_death() -> None:
    alone = Death(is_shared=False, was_meant=False, culprit=None, jobs=1)

    assert sentence(1, alone) == Sentence(counts=True, alone=True)


def test_a_node_that_is_known_to_be_at_fault_clears_the_others() -> None:
    death = Death(is_shared=True, was_meant=False, culprit=1, jobs=3)

    assert sentence(1, death) == Sentence(counts=True, alone=True)
    assert sentence(2, death) == Sentence(counts=False, alone=False)


def test_where_nobody_is_known_to_be_at_fault_each_shows_it_alone_and_uncounted() -> None:
    death = Death(is_shared=True, was_meant=False, culprit=None, jobs=2)

    assert sentence(1, death) == Sentence(counts=False, alone=True)


def test_a_runner_that_we_kill_for_one_run_is_no_stain_on_the_others() -> None:
    death = Death(is_shared=True, was_meant=True, culprit=1, jobs=2)

    assert sentence(2, death) == Sentence(counts=False, alone=False)


@given(deaths, st.integers(1, 3))
def test_at_most_the_culprit_counts_where_others_ran(death: Death, job_no: int) -> None:
    counted = sentence(job_no, death).counts

    assert not counted or death.culprit == job_no or not death.is_shared or death.jobs == 1
