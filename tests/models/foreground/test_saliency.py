"""The foreground without weights: how it does on the embedded world, and pictures of any size."""

from random import Random

import numpy as np
import torch

from models.data.transforms import Geometry
from models.foreground.boxes_file import CachedBoxes
from models.foreground.coverage import BoxForeground
from models.foreground.provider import Grid, Picture
from models.foreground.saliency import Saliency
from models.foreground.shapes_truth import scene_boxes
from models.shapes.patch_targets import GRID, PATCH_SIZE, patch_targets
from models.shapes.render import render
from models.shapes.scene import sample_scene
from tests.models.foreground.pictures import plain

PATCHES = Grid(GRID, GRID, PATCH_SIZE)


def test_most_patches_it_covers_show_things_of_the_embedded_world() -> None:
    """300 scenes: it finds most of the true foreground, and nearly all it covers has a part of a thing in it."""
    rng = Random(0)
    scenes = [sample_scene(rng) for _ in range(300)]
    pictures = [Picture(str(place), render(scene), plain().geometry) for place, scene in enumerate(scenes)]
    truth = BoxForeground(CachedBoxes({str(place): scene_boxes(scene) for place, scene in enumerate(scenes)}))
    true = truth.coverage(pictures, PATCHES) >= 0.5
    found = Saliency().coverage(pictures, PATCHES) >= 0.5
    touched = torch.from_numpy(np.stack([patch_targets(scene, ()).shape > 0 for scene in scenes]))
    recall = (found & true).sum() / true.sum()
    precision = (found & true).sum() / found.sum()
    touching = (found & touched).sum() / found.sum()
    assert 0.10 < true.float().mean() < 0.25  # so covering at random would be right that often
    assert recall > 0.85
    assert precision > 0.50
    assert touching > 0.90


def bright(column: int, row: int) -> Picture:
    """One bright patch of 8 x 8 in 48 x 48 grey pixels."""
    picture = plain()
    picture.pixels[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 250
    return picture


def test_it_covers_what_stands_out() -> None:
    covered = Saliency().coverage([bright(2, 1), bright(5, 5)], PATCHES)
    assert covered.nonzero().tolist() == [[0, 1 * 6 + 2], [1, 5 * 6 + 5]]


def test_nothing_stands_out_of_one_color() -> None:
    assert not Saliency().coverage([plain()], PATCHES).any()
    assert not Saliency().coverage([plain(width=8, height=8)], Grid(1, 1, 8)).any()


def test_it_follows_a_picture_that_is_resized_cropped_and_padded() -> None:
    picture = bright(2, 1)
    doubled = Picture("doubled", picture.pixels, Geometry(96, 96, (2.0, 2.0)))
    assert Saliency().coverage([doubled], Grid(6, 6, 16)).nonzero().tolist() == [[0, 1 * 6 + 2]]
    cropped = Picture("cropped", picture.pixels, Geometry(32, 32, (1.0, 1.0), (-8.0, -8.0)))
    assert Saliency().coverage([cropped], Grid(4, 4, 8)).nonzero().tolist() == [[0, 0 * 4 + 1]]
    assert Saliency().coverage([picture], Grid(8, 8, 8)).nonzero().tolist() == [[0, 1 * 8 + 2]]


def test_it_costs_no_matrix_product() -> None:
    assert (Saliency().macs(384, 384), Saliency().parameters) == (0, 0)
