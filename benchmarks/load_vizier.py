"""OSS Vizier's server under the like, run by the Python of an environment of its own that has google-vizier.

`python load_vizier.py serve FILE STUDIES TRIALS` makes a database with that many rows, serves it and says where;
`python load_vizier.py loop ENDPOINT OPERATION STUDIES SECONDS THREADS` writes the milliseconds of each call, a list for
each thread, as JSON. Server and clients are processes of their own that speak gRPC, as its documentation has them. The
database is SQLite, the only one its server opens: it passes `check_same_thread` to whatever driver. What is stored
beforehand is written by SQL into its tables. Nothing here imports ours, as that environment has nothing of it.
"""

import json
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import sqlalchemy
from vizier._src.service import resources, sql_datastore, study_pb2  # type: ignore  # is in that environment only
from vizier.service import clients, servers  # type: ignore  # as above
from vizier.service import pyvizier as vz

GENES = 24
OWNERS = 40  # to create a study it looks at all of the owner's
WARM_UP = 3
CHUNK = 10_000  # rows of one statement


def main() -> None:
    """What the command line says."""
    role, *arguments = sys.argv[1:]
    (serve if role == "serve" else loop)(*arguments)


def serve(file: str, studies: str, trials: str) -> None:
    """Serve until the process is ended."""
    url = f"sqlite:///{file}"
    _fill(url, int(studies), int(trials) // int(studies))
    server = servers.DefaultVizierServer(database_url=url)
    print(server.endpoint, flush=True)  # what the caller waits for
    threading.Event().wait()


def loop(endpoint: str, operation: str, studies: str, seconds: str, threads: str) -> None:
    """Call again and again from several threads at once."""
    clients.environment_variables.server_endpoint = endpoint
    with ThreadPoolExecutor(int(threads)) as pool:
        several = pool.map(lambda number: _looped(operation, int(studies), float(seconds), number), range(int(threads)))
        json.dump(list(several), sys.stdout)


def _looped(operation: str, studies: int, seconds: float, number: int) -> list[float]:
    call = _calls(studies, random.Random(number), f"client-{uuid.uuid4().hex}")[operation]
    for _ in range(WARM_UP):
        call()
    times, end = list[float](), time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def _calls(studies: int, chance: random.Random, client: str) -> Mapping[str, Callable[[], object]]:
    config = _config()

    def some() -> Any:  # noqa: ANN401 - Vizier is not there for mypy
        return clients.Study.from_resource_name(_name(chance.randrange(studies)))

    own = some()

    def create() -> None:
        owner = f"owner-{chance.randrange(OWNERS)}"
        clients.Study.from_study_config(config, owner=owner, study_id=uuid.uuid4().hex)

    def tell() -> None:
        (trial,) = own.suggest(count=1, client_id=client)
        trial.complete(vz.Measurement({"accuracy": chance.random()}))

    def trials() -> object:
        return list(some().trials().get())

    return {"create": create, "tell": tell, "get": some, "poll": trials, "page": trials}


def _fill(url: str, studies: int, each: int) -> None:
    engine = sqlalchemy.create_engine(url)
    store = sql_datastore.SQLDataStore(engine)
    spec = _config().to_proto()
    with engine.begin() as connection:
        connection.execute(store._owners_table.insert(), [{"owner_name": f"owners/owner-{n}"} for n in range(OWNERS)])
        for chunk in _chunks(_study_rows(studies, spec)):
            connection.execute(store._studies_table.insert(), chunk)
        for chunk in _chunks(_trial_rows(studies, each)):
            connection.execute(store._trials_table.insert(), chunk)
    engine.dispose()


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _study_rows(studies: int, spec: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - as above
    for number in range(studies):
        name = resources.StudyResource.from_name(_name(number))
        study = study_pb2.Study(
            name=name.name, display_name=name.study_id, study_spec=spec, state=study_pb2.Study.State.ACTIVE
        )
        yield {
            "study_name": name.name,
            "owner_id": name.owner_id,
            "study_id": name.study_id,
            "serialized_study": study.SerializeToString(),
        }


def _trial_rows(studies: int, each: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(0)
    for number in range(studies):
        study = resources.StudyResource.from_name(_name(number))
        for index in range(each):
            trial = vz.Trial(
                id=index + 1, parameters={f"g{gene}": str(bool(index >> gene & 1)) for gene in range(GENES)}
            )
            trial.complete(vz.Measurement({"accuracy": chance.random()}))
            proto = vz.TrialConverter.to_proto(trial)
            proto.name = resources.TrialResource(study.owner_id, study.study_id, index + 1).name
            yield {
                "trial_name": proto.name,
                "owner_id": study.owner_id,
                "study_id": study.study_id,
                "trial_id": index + 1,
                "serialized_trial": proto.SerializeToString(),
            }


def _name(number: int) -> str:
    return f"owners/owner-{number % OWNERS}/studies/study-{number}"


def _config() -> Any:  # noqa: ANN401 - as above
    config = vz.StudyConfig(algorithm="RANDOM_SEARCH")
    for gene in range(GENES):
        config.search_space.root.add_bool_param(f"g{gene}")
    config.metric_information.append(vz.MetricInformation("accuracy", goal=vz.ObjectiveMetricGoal.MAXIMIZE))
    return config


if __name__ == "__main__":
    main()
