"""Which identifiers came before: what comes twice might be in two splits."""

from models.data.errors import BadExampleError, Reason
from models.data.record import Record


class Seen:
    """Refuses a record whose key, or one of whose questions, came before."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._questions: set[int] = set()

    def check(self, record: Record, where: str) -> None:
        """Remember `record`, which lies at `where`.

        Raises:
            BadExampleError: it came before, or one of its questions did.
        """
        questions = [line.question_id for line in record.lines if line.question_id is not None]
        twice = len(set(questions)) < len(questions) or not self._questions.isdisjoint(questions)
        if record.key in self._keys or twice:
            what = record.key if record.key in self._keys else f"a question of {record.key}"
            message = f"{where}: {what} came before; remove one of them, or skip bad examples"
            raise BadExampleError(Reason.DUPLICATE, message)
        self._keys.add(record.key)
        self._questions.update(questions)
