"""`load`: an exported model that answers, in a few lines; torch is imported when a model is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from twinsieve.errors import MissingPackageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.slim import SlimModel

Picture: TypeAlias = "str | Path | Image"
"""A file, or a picture of Pillow."""
INSTALL = "install Twinsieve with its extra 'workers' (in its repository: pip install '.[workers]')"


class Answer(NamedTuple):
    """One answer, or one of the texts that were given; the score is between 0 and 1."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that a search exported; calling it is `predict`. `slim` is the network behind it."""

    slim: "SlimModel"

    @property
    def task(self) -> str:
        """vqa, nlvr2 or retrieval."""
        return str(self.slim.task)

    def __repr__(self) -> str:
        architecture = self.slim.architecture
        return f"LoadedModel({self.task}, {architecture.kept} of {len(architecture.choices)} sub-layers)"

    def predict(
        self,
        images: "Picture | Sequence[Picture]",
        text: str | Sequence[str],
        *,
        top: int | None = None,
        fallback: bool = False,
    ) -> list[Answer]:
        """The answers, the likeliest first.

        Args:
            images: a picture; NLVR2 looks at two.
            text: a question (VQA), a statement (NLVR2), or the texts to rank (retrieval).
            top: how many answers; by default all.
            fallback: where the foreground that the model keeps patches by cannot be told, keep them by score alone.

        Raises:
            ValueError: the model cannot make sense of so many images or texts, a text is too long for it, a file is no
                picture, or the foreground cannot be told.
        """
        pictures = [_opened(each) for each in _several(images)]
        texts = [text] if isinstance(text, str) else list(text)
        if self.task == "retrieval":
            if len(pictures) != 1:
                raise ValueError(f"a model for retrieval ranks texts for one image, not {len(pictures)}")
            found = self.slim.rank(pictures[0], texts, fallback=fallback)
        else:
            if len(texts) != 1:
                raise ValueError(f"a model for {self.task} takes one text, not {len(texts)}")
            found = self.slim.answer(pictures, texts[0], fallback=fallback)
        return [Answer(*each) for each in found[:top]]

    __call__ = predict


def load(folder: str | Path, *, foregrounds: str | Path | None = None) -> LoadedModel:
    """The model in a folder that `twinsieve export` wrote, on the CPU.

    Args:
        folder: with `config.json`, `model.safetensors` and `tokenizer.json`.
        foregrounds: where the folders of foreground providers lie, for a model that asks one of them.

    Raises:
        ValueError: the folder is missing, torn or holds something else, or there is no such foreground provider.
        MissingPackageError: what runs networks is not installed.
    """
    try:
        from models.slim import load_slim
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"running a model needs {error.name}, which is not installed: {INSTALL}", name=error.name
        ) from None
    return LoadedModel(load_slim(Path(folder), None if foregrounds is None else Path(foregrounds)))


def _several(images: "Picture | Sequence[Picture]") -> Sequence[Picture]:
    return images if isinstance(images, Sequence) and not isinstance(images, str) else [images]


def _opened(picture: Picture) -> "Image":
    from PIL import Image

    if isinstance(picture, Image.Image):
        return picture
    try:
        with Image.open(picture) as opened:
            return opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # Pillow raises all of these
        raise ValueError(f"{picture} is no picture that can be read: {error}") from None
