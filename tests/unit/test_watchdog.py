from streams.watchdog import Watchdog


def test_a_partition_that_moves_is_never_stalled() -> None:
    dog = Watchdog(10)
    assert [dog.stalled(now, {"p": now}, {"p": 1000}) for now in range(0, 60, 5)] == [[]] * 12


def test_a_partition_that_stands_still_with_messages_waiting_is_stalled() -> None:
    dog = Watchdog(10)
    assert dog.stalled(0, {"p": 5, "q": 7}, {"p": 9, "q": 7}) == []
    assert dog.stalled(9, {"p": 5, "q": 7}, {"p": 9, "q": 7}) == []
    assert dog.stalled(10, {"p": 5, "q": 7}, {"p": 9, "q": 7}) == ["p"]


def test_waiting_for_somebody_else_is_no_stall() -> None:
    dog = Watchdog(10)
    dog.stalled(0, {"p": 5}, {"p": 9})
    dog.forget()
    assert dog.stalled(50, {"p": 5}, {"p": 9}) == []


def test_patience_begins_when_the_first_message_waits() -> None:
    dog = Watchdog(10)
    dog.stalled(0, {"p": 5}, {"p": 5})
    dog.stalled(100, {"p": 5}, {"p": 5})
    assert dog.stalled(105, {"p": 5}, {"p": 6}) == []
    assert dog.stalled(111, {"p": 5}, {"p": 6}) == ["p"]


def test_a_partition_that_waits_for_its_turn_while_others_move_is_no_stall() -> None:
    dog = Watchdog(10)
    for now in range(0, 40, 5):
        assert dog.stalled(now, {"p": now, "q": 7}, {"p": 1000, "q": 9}, {"q"}) == []
    assert dog.stalled(41, {"p": 41, "q": 7}, {"p": 1000, "q": 9}) == ["q"]


def test_a_partition_that_waits_for_its_turn_is_stalled_when_nothing_moves() -> None:
    dog = Watchdog(10)
    dog.stalled(0, {"p": 5, "q": 7}, {"p": 9, "q": 9}, {"q"})
    assert dog.stalled(10, {"p": 5, "q": 7}, {"p": 9, "q": 9}, {"q"}) == ["p", "q"]


def test_a_batch_that_takes_long_is_no_stall_of_those_that_wait_behind_it() -> None:
    dog = Watchdog(10)
    for now in range(0, 60, 5):
        ends = {"p": 9, "q": 9}
        assert dog.stalled(now, {"p": 5, "q": 7}, ends, {"p", "q"}, is_working=True) == []
    assert dog.stalled(70, {"p": 5, "q": 7}, {"p": 9, "q": 9}, {"p", "q"}) == ["p", "q"]


def test_a_partition_of_which_nothing_is_fetched_is_stalled_however_busy_the_worker_is() -> None:
    dog = Watchdog(10)
    dog.stalled(0, {"p": 5, "q": 7}, {"p": 9, "q": 9}, {"p"}, is_working=True)
    assert dog.stalled(10, {"p": 5, "q": 7}, {"p": 9, "q": 9}, {"p"}, is_working=True) == ["q"]
