"""Where transactions run follows the disk, and does not flutter."""

from nodetool.storage.pace import FIRST, MOST, SLOW, Pace


def away(pace: Pace) -> int:
    """Return how many transactions go to the thread before the disk is tried again."""
    count = 0
    while not pace.stays():
        count += 1
    return count


def test_a_quick_disk_keeps_them_in_the_loop() -> None:
    pace = Pace()
    for _ in range(1000):
        assert pace.stays()
        pace.took(SLOW / 2)


def test_a_single_slow_commit_changes_nothing() -> None:
    pace = Pace()
    for seconds in [SLOW / 5] * 20 + [SLOW * 3] + [SLOW / 5] * 20:
        assert pace.stays()
        pace.took(seconds)


def test_a_slow_disk_sends_them_away_each_time_for_longer() -> None:
    pace = Pace()
    found = []
    for _ in range(9):
        pace.took(0.01)
        found.append(away(pace))

    assert found == [FIRST, FIRST * 2, FIRST * 4, FIRST * 8, FIRST * 16, FIRST * 32, MOST, MOST, MOST]


def test_a_disk_that_recovers_gets_them_back() -> None:
    pace = Pace()
    for _ in range(3):
        pace.took(0.01)
        away(pace)
    pace.took(SLOW / 10)
    assert pace.stays()
    pace.took(0.01)

    assert away(pace) == FIRST
