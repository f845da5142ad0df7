"""The word-level tokenizer of the embedded world's closed vocabulary."""

from pathlib import Path

from tokenizers import Regex, Tokenizer, normalizers
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from models.shapes.description import EXTREMES, PLURAL, Relation
from models.shapes.scene import Color, Shape, Size
from models.shapes.statement import NUMBERS

PAD, UNKNOWN, CLS, SEP, MASK = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MAX_TOKENS = 13  # [CLS] and [SEP] among them
TOKENIZER_FILE = Path(__file__).parent / "weights" / "vilt" / "tokenizer.json"
GRAMMAR = (
    "a an and are both color corner exactly how image images in is leftmost lowest many more of only same shape show "
    "shows size than the there thing things topmost what which"
)


def words() -> tuple[str, ...]:
    """The closed vocabulary by token id, special tokens first."""
    relations = " ".join(Relation).split()
    named = (*Color, *Shape, *PLURAL.values(), *Size, *relations, *EXTREMES.values(), *NUMBERS)
    return (*SPECIAL, *dict.fromkeys(map(str, (*named, *GRAMMAR.split()))))


def build_tokenizer() -> Tokenizer:
    """A tokenizer that frames a text as `[CLS] ... [SEP]`, padded to `MAX_TOKENS`; case and marks are ignored.

    Two spellings of color are one word.
    """
    ids = {word: place for place, word in enumerate(words())}
    tokenizer = Tokenizer(WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[^a-z0-9]+"), " "),
            normalizers.Replace("colour", "color"),
        ]
    )
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single=f"{CLS} $A {SEP}", special_tokens=[(CLS, ids[CLS]), (SEP, ids[SEP])]
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.enable_padding(pad_id=ids[PAD], pad_token=PAD, length=MAX_TOKENS)
    return tokenizer


def load_tokenizer(file: Path = TOKENIZER_FILE) -> Tokenizer:
    """The tokenizer saved in a file.

    Raises:
        ValueError: there is none, or it cannot be read.
    """
    try:
        return Tokenizer.from_str(file.read_text(encoding="utf-8"))
    except Exception as error:  # the library raises the bare class
        raise ValueError(f"no tokenizer in {file}: {error}") from error
