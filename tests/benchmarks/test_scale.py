"""The simulated search keeps to what queueing theory says of it, and the service times come out of what is measured."""

from dataclasses import replace

import pytest

from benchmarks.scale_measured import SQLITE, Measured
from benchmarks.scale_services import Load, QueueTime, Services, Setting, Station, bottleneck, demands
from benchmarks.scale_settings import ALL, AS_IS, SETTINGS, moves
from benchmarks.scale_simulation import Servers, simulate

SERVICES = Services(
    call=1e-4,
    handed=1e-5,
    think=1e-3,
    think_alone=2e-4,
    recorded=4e-3,
    transaction=2e-3,
    row=1e-4,
    report=1e-3,
)
FREE = replace(SERVICES, call=0.0, handed=0.0, report=0.0)
LOAD = Load(gpus=100, candidates=20_000, seconds=10.0)


def test_a_line_of_one_server_is_that_of_an_m_d_1_queue_worked_by_hand() -> None:
    server = Servers()
    assert [server.serve(at, 2.0) for at in (0.0, 1.0, 10.0)] == [2.0, 4.0, 12.0]
    assert server.busy == 6.0
    pair = Servers(2)
    assert [pair.serve(at, 2.0) for at in (0.0, 1.0, 1.0)] == [2.0, 3.0, 4.0]


def test_below_saturation_a_station_is_busy_for_its_load_and_the_gpus_all_the_time() -> None:
    found = simulate(AS_IS, FREE, LOAD)
    load = LOAD.gpus / LOAD.seconds * (FREE.think + FREE.recorded)
    assert found.candidates == LOAD.candidates
    assert found.shares[Station.DRIVER] == pytest.approx(found.throughput * (FREE.think + FREE.recorded))
    assert found.shares[Station.DRIVER] == pytest.approx(load, rel=0.05)
    assert found.database_share == pytest.approx(found.throughput * FREE.recorded)
    assert found.gpu_share > 0.95


@pytest.mark.parametrize(("pack", "candidates"), [(1, 50_000), (8, 400_000)])
def test_saturated_the_throughput_is_one_by_the_service_time(pack: int, candidates: int) -> None:
    load = Load(gpus=1000, candidates=candidates, seconds=1.0)
    found = simulate(replace(AS_IS, pack=pack), FREE, load)
    assert found.throughput == pytest.approx(1 / (FREE.think + FREE.recorded), rel=0.02)
    assert found.shares[Station.DRIVER] > 0.98
    assert found.gpu_share == pytest.approx(found.throughput * load.seconds / load.gpus, rel=0.02)


def test_a_station_saturates_where_the_bound_says() -> None:
    where = bottleneck(AS_IS, FREE, LOAD)
    assert where.station is Station.DRIVER
    assert where.gpus == pytest.approx(LOAD.seconds / (FREE.think + FREE.recorded))
    below, above = (replace(LOAD, gpus=round(share * where.gpus), candidates=100_000) for share in (0.5, 2.0))
    assert simulate(AS_IS, FREE, below).gpu_share > 0.9
    assert simulate(AS_IS, FREE, above).gpu_share == pytest.approx(0.5, rel=0.1)


def test_several_queue_actors_share_the_calls() -> None:
    slow = replace(FREE, call=0.02, think=0.0, recorded=0.0)
    load = replace(LOAD, gpus=400, seconds=1.0)
    one, four = (simulate(replace(AS_IS, queues=queues), slow, load) for queues in (1, 4))
    assert one.throughput == pytest.approx(50, rel=0.1)
    assert four.throughput > 3 * one.throughput


def test_batched_writes_cost_a_row_and_their_share_of_a_transaction() -> None:
    batched = Setting(name="", batched_writes=True)
    assert batched.writing(SERVICES, told=100, asked=100) == pytest.approx(2 * 2e-3 + 100 * 1e-4)
    assert batched.writing(SERVICES, told=0, asked=10) == pytest.approx(2e-3 + 5 * 1e-4)
    assert AS_IS.writing(SERVICES, told=100, asked=100) == pytest.approx(100 * 4e-3)


def test_tune_slows_the_driver_and_nobody_else() -> None:
    busy = replace(SERVICES, report=1.0)
    assert AS_IS.tune_share(busy, LOAD) == 1.0
    assert AS_IS.thinking(busy, LOAD) == 2 * SERVICES.think
    assert demands(AS_IS, busy, LOAD)[Station.QUEUE] == demands(AS_IS, SERVICES, LOAD)[Station.QUEUE]


def test_moves_lead_from_one_bottleneck_to_the_next() -> None:
    load = Load(gpus=1000, candidates=1, seconds=1.0)
    found = moves(SERVICES, load)
    assert found[0].before == bottleneck(AS_IS, SERVICES, load)
    assert [each.after for each in found[:-1]] == [each.before for each in found[1:]]
    assert all(each.after.gpus > each.before.gpus for each in found)
    assert moves(SERVICES, replace(load, seconds=60.0)) == [], "nothing is short there"
    assert len({each.name for each in SETTINGS}) == len(SETTINGS)
    assert bottleneck(ALL, SERVICES, load).gpus >= found[-1].after.gpus


def test_the_same_seed_gives_the_same_search() -> None:
    assert simulate(AS_IS, SERVICES, LOAD, seed=1) == simulate(AS_IS, SERVICES, LOAD, seed=1)
    assert simulate(AS_IS, SERVICES, LOAD, seed=1) != simulate(AS_IS, SERVICES, LOAD, seed=2)


def test_calls_and_candidates_are_told_apart_by_packs_of_two_sizes(scale_measured: Measured) -> None:
    call, handed = 1e-3, 5e-5
    queue = [QueueTime(pack=pack, slots=10, seconds=call + 4 * pack * handed) for pack in (1, 8)]
    found = replace(scale_measured, queue=queue).services(SQLITE, "steady")
    assert found.call == pytest.approx(call)
    assert found.handed == pytest.approx(handed)
    assert found.think == pytest.approx((500 + 4) / 1e6)
    assert found.think_alone == pytest.approx((100 + 4) / 1e6)
    assert found.recorded == pytest.approx(6e-3)
