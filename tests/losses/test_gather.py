"""What holds for gathering alone: two processes get the loss and the gradient of one."""

import pytest
import torch

from lossedu.losses import gather_batch, info_nce_loss, nt_xent_loss

ROWS = 3  # a process
PROCESSES = 2
WORKER = """
import sys
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from lossedu.losses import gather_batch, info_nce_loss, nt_xent_loss

folder = sys.argv[1]
distributed.init_process_group("gloo")
rank, processes = distributed.get_rank(), distributed.get_world_size()
given = torch.load(f"{folder}/given.pt")
found = {}
for name, loss in (("info_nce", info_nce_loss), ("nt_xent", nt_xent_loss)):
    leaves = [part.chunk(processes)[rank].clone().requires_grad_() for part in given["pair"]]
    value = loss(*(gather_batch(leaf) for leaf in leaves))
    value.backward()
    found[name] = value.detach(), *(leaf.grad for leaf in leaves)
    encoder = torch.nn.Linear(4, 4, bias=False, dtype=torch.float64)
    with torch.no_grad():
        encoder.weight.copy_(given["weight"])
    model = DistributedDataParallel(encoder)
    parts = (part.chunk(processes)[rank] for part in given["pair"])
    loss(*(gather_batch(model(part)) for part in parts)).backward()
    found[name + " weight"] = encoder.weight.grad
slanted = torch.arange(6.0).reshape(2, 3).mT + 10 * rank
found["order"] = gather_batch(slanted)
found["labels"] = gather_batch(torch.tensor([rank, rank + 10]))
leaf = torch.ones(2, 1, requires_grad=True)
gathered = gather_batch(leaf)
(gathered.squeeze(1) * (1 + rank) * torch.tensor([1.0, 10, 100, 1000])).sum().backward()
found["own"] = leaf.grad
torch.save(found, f"{folder}/found{rank}.pt")
distributed.destroy_process_group()
"""


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def given():
    return {"pair": list(drawn(2, PROCESSES * ROWS, 4)), "weight": drawn(4, 4, seed=1)}


@pytest.fixture(scope="module")
def found(tmp_path_factory, in_two_processes):
    """What each of two processes found."""
    folder = tmp_path_factory.mktemp("processes")
    torch.save(given(), folder / "given.pt")
    in_two_processes(WORKER, folder)
    return [torch.load(folder / f"found{rank}.pt") for rank in range(PROCESSES)]


LOSSES = {"info_nce": info_nce_loss, "nt_xent": nt_xent_loss}
every_loss = pytest.mark.parametrize("name", LOSSES)


def test_outside_a_process_group_it_returns_its_input():
    rows = torch.ones(2, 3, requires_grad=True)

    assert gather_batch(rows) is rows


@pytest.mark.server
@every_loss
def test_the_gradients_are_those_of_the_whole_batch_in_one_process(found, name):
    leaves = [part.requires_grad_() for part in given()["pair"]]

    whole = LOSSES[name](*leaves)
    slopes = torch.autograd.grad(whole, leaves)

    for rank, (value, *own) in enumerate(f[name] for f in found):
        torch.testing.assert_close(value, whole.detach())
        for slope, sent in zip(slopes, own, strict=True):
            # Every process computed the loss, so each row's gradient arrives once from each.
            torch.testing.assert_close(sent, PROCESSES * slope.chunk(PROCESSES)[rank])


@pytest.mark.server
@every_loss
def test_with_distributed_data_parallel_the_weights_get_the_gradient_of_one_process(found, name):
    weight = given()["weight"].requires_grad_()

    whole = LOSSES[name](*(part @ weight.mT for part in given()["pair"]))
    (slope,) = torch.autograd.grad(whole, weight)

    for each in found:
        torch.testing.assert_close(each[name + " weight"], slope)


@pytest.mark.server
def test_rows_come_in_the_order_of_the_processes_also_labels_and_views(found):
    slanted = torch.arange(6.0).reshape(2, 3).mT

    for each in found:
        assert torch.equal(each["order"], torch.cat([slanted, slanted + 10]))
        assert each["labels"].tolist() == [0, 10, 1, 11]


@pytest.mark.server
def test_a_process_gets_what_all_processes_ask_of_its_rows(found):
    # The first process weighs the four rows by 1, 10, 100, 1000, the second by twice that.
    assert [each["own"].flatten().tolist() for each in found] == [[3, 30], [300, 3000]]
