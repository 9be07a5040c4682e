"""A study on a Ray cluster of two nodes, of which one is killed while it trains."""

import sys

import pytest

from larq_focal.bench.study import run_study
from larq_focal.bench.study.pace import Pace
from larq_focal.bench.study.ray_trials import RayError
from tests.bench.study.test_study_run import trained_epochs, written
from tests.support.requirements import skip

pytestmark = [
    pytest.mark.slow,
    # The nodes of a cluster within this process start by a fork, of which JAX warns; a user's cluster runs elsewhere.
    pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning"),
]


@pytest.fixture(scope="module")
def cluster():
    """A head without cores, so that every trial runs on one of the nodes that come and go."""
    patch = pytest.MonkeyPatch()
    try:
        from ray.cluster_utils import Cluster
    except ImportError:
        skip("pip install ray")
    # Workers give way to all else by default, which on a busy machine never ends.
    patch.setenv("RAY_worker_niceness", "0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield cluster
    cluster.shutdown()
    patch.undo()


def test_a_lost_node_costs_nothing_but_time(cluster, tmp_path):
    """Two nodes train; the second one is killed while both do. Every trial is there in the end, once."""
    nodes = [cluster.add_node(num_cpus=1) for _ in "ab"]
    cluster.wait_for_nodes()
    shown, said = [], []

    def kill_one(line):
        shown.append(line)
        if len(nodes) == 2 and line.startswith("1 of 4"):
            cluster.remove_node(nodes.pop(), allow_graceful=False)

    summary = run_study(
        written(tmp_path, "tiny"), ray=cluster.address, results=tmp_path, show=kill_one, say=said.append
    )
    assert len(nodes) == 1, "the other one was killed"  # Ray may notice it after the last line was shown
    assert not summary.missing
    assert sorted(trained_epochs(tmp_path).values()) == [[(1, 2)]] * 4
    again = []
    run_study(written(tmp_path, "tiny"), ray=cluster.address, results=tmp_path, say=again.append)
    assert "4 of them finished before" in again[0]


def test_a_budget_brings_back_what_is_trained(cluster, tmp_path, monkeypatch):
    """A budget that is spent before the first task begins, on a fast machine as on a slow one; it trains one epoch."""
    node = cluster.add_node(num_cpus=1)
    options = {"ray": cluster.address, "results": tmp_path, "seeds": 1}
    study = written(tmp_path, "tiny")
    said = []
    with monkeypatch.context() as patch, pytest.raises(ValueError, match="The budget ended before the first trial did"):
        patch.setattr(Pace, "fits", lambda pace, trial: True)
        run_study(study, budget_minutes=1e-6, say=said.append, **options)
    assert "the budget ended within its training" in said[1]
    summary = run_study(study, resume=True, say=lambda line: None, **options)
    assert not summary.missing
    assert [(1, 1), (2, 2)] in trained_epochs(tmp_path).values()
    cluster.remove_node(node)


def test_without_ray_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RayError, match=r"pip install 'larq_focal\[ray\]'"):
        run_study(written(tmp_path, "tiny"), ray="auto", results=tmp_path, say=lambda line: None)


def test_a_cluster_that_is_not_there_is_told(cluster, tmp_path):
    with pytest.raises(RayError, match=r"No Ray cluster at '127\.0\.0\.1:1'.*ray start --head"):
        run_study(written(tmp_path, "tiny"), ray="127.0.0.1:1", results=tmp_path, say=lambda line: None)
