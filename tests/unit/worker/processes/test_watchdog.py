from worker.processes.watchdog import Watchdog


def test_it_bites_where_wake_ups_waited_for_a_minute_and_none_was_received() -> None:
    watchdog = Watchdog()

    assert [watchdog.bites(now, waiting=3, received=7) for now in (0, 30, 59, 60)] == [False, False, False, True]


def test_a_received_wake_up_shows_that_all_is_well() -> None:
    watchdog = Watchdog()
    watchdog.bites(0, waiting=3, received=7)

    assert not watchdog.bites(59, waiting=3, received=8)
    assert not watchdog.bites(118, waiting=3, received=8)
    assert watchdog.bites(119, waiting=3, received=8)


def test_an_empty_queue_is_no_silence() -> None:
    watchdog = Watchdog()
    watchdog.bites(0, waiting=3, received=7)
    watchdog.bites(50, waiting=0, received=7)

    assert not watchdog.bites(70, waiting=3, received=7)
