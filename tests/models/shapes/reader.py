"""Answers the embedded world's texts from its scenes, written apart from the code that makes them."""

import re

from models.shapes.scene import Scene, Thing

SINGULAR = {"crosses": "cross"}
COLORS = ["red", "green", "blue", "yellow", "purple", "orange", "cyan", "white"]
PHRASE = r"((?:[a-z]+ )*?[a-z]+)"


def fitting(scene: Scene, phrase: str) -> list[Thing]:
    """The things that a noun phrase without article fits."""
    *adjectives, noun = phrase.split()
    noun = SINGULAR.get(noun, noun.removesuffix("s") if noun not in ("cross",) else noun)
    found = [thing for thing in scene.things if noun in ("thing", thing.shape)]
    return [thing for thing in found if all(word in (thing.color, thing.size) for word in adjectives)]


def only(scene: Scene, phrase: str) -> Thing:
    """The one thing that a phrase fits."""
    found = fitting(scene, phrase)
    assert len(found) == 1, f"'{phrase}' fits {len(found)} things"
    return found[0]


def beside(one: Thing, relation: str, other: Thing) -> bool:
    """Whether the relation holds, by the centres."""
    return {
        "left of": one.x < other.x,
        "right of": one.x > other.x,
        "above": one.y < other.y,
        "below": one.y > other.y,
    }[relation]


def yes(holds: bool) -> str:
    return "yes" if holds else "no"


def answer(scene: Scene, question: str) -> str:
    """The answer that a careful reader gives."""
    relation = r"(left of|right of|above|below)"
    if found := re.fullmatch(r"what (color|shape) is the (leftmost|rightmost|topmost|lowest) thing", question):
        keys = {
            "leftmost": lambda thing: thing.x,
            "rightmost": lambda thing: -thing.x,
            "topmost": lambda thing: thing.y,
            "lowest": lambda thing: -thing.y,
        }
        return str(getattr(min(scene.things, key=keys[found[2]]), found[1]))
    if found := re.fullmatch(rf"what (color|shape) is the thing {relation} the {PHRASE}", question):
        anchor = only(scene, found[3])
        near = [thing for thing in scene.things if thing is not anchor and beside(thing, found[2], anchor)]
        assert len(near) == 1
        return str(getattr(near[0], found[1]))
    if found := re.fullmatch(rf"what (color|shape|size) is the {PHRASE}", question):
        return str(getattr(only(scene, found[2]), found[1]))
    if found := re.fullmatch(rf"how many {PHRASE} are there", question):
        return str(len(fitting(scene, found[1])))
    if found := re.fullmatch(rf"is there an? {PHRASE}", question):
        return yes(bool(fitting(scene, found[1])))
    if found := re.fullmatch(rf"is the {PHRASE} {relation} the {PHRASE}", question):
        return yes(beside(only(scene, found[1]), found[2], only(scene, found[3])))
    if found := re.fullmatch(rf"are the {PHRASE} and the {PHRASE} the same (color|shape)", question):
        return yes(getattr(only(scene, found[1]), found[3]) == getattr(only(scene, found[2]), found[3]))
    if found := re.fullmatch(rf"are there more {PHRASE} than {PHRASE}", question):
        return yes(len(fitting(scene, found[1])) > len(fitting(scene, found[2])))
    if found := re.fullmatch(rf"in which corner is the {PHRASE}", question):
        thing = only(scene, found[1])
        return f"{'top' if thing.y < 24 else 'bottom'} {'left' if thing.x < 24 else 'right'}"
    raise AssertionError(f"nobody understands '{question}'")


def truth(left: Scene, right: Scene, statement: str) -> bool:
    """Whether a statement about two images holds."""
    sides = {"left": (left, right), "right": (right, left)}
    if found := re.fullmatch(rf"both images show an? {PHRASE}", statement):
        return bool(fitting(left, found[1])) and bool(fitting(right, found[1]))
    if found := re.fullmatch(rf"only the (left|right) image shows an? {PHRASE}", statement):
        this, that = sides[found[1]]
        return bool(fitting(this, found[2])) and not fitting(that, found[2])
    if found := re.fullmatch(rf"there are more {PHRASE} in the (left|right) image", statement):
        this, that = sides[found[2]]
        return len(fitting(this, found[1])) > len(fitting(that, found[1]))
    if found := re.fullmatch(r"the (left|right) image shows more things", statement):
        this, that = sides[found[1]]
        return len(this.things) > len(that.things)
    if found := re.fullmatch(rf"the (left|right) image shows exactly (one|two|three) {PHRASE}", statement):
        wanted = ("one", "two", "three").index(found[2]) + 1
        return len(fitting(sides[found[1]][0], found[3])) == wanted
    raise AssertionError(f"nobody understands '{statement}'")


def true_of(scene: Scene, caption: str) -> bool:
    """Whether some pair of things is as the caption says."""
    found = re.fullmatch(rf"an? {PHRASE} (left of|right of|above|below) an? {PHRASE}", caption)
    assert found is not None, f"nobody understands '{caption}'"
    return any(
        beside(one, found[2], other)
        for one in fitting(scene, found[1])
        for other in fitting(scene, found[3])
        if one is not other
    )
