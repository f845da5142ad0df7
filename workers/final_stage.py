"""The last looks at a finalist: the long fine-tune, the test split, the export; and the plain network beside it."""

import logging

from safetensors.torch import load_file, save_file

from models.architecture import Architecture
from models.batch import Split
from models.data.errors import DataError
from models.data.gallery import open_gallery
from models.precision import in_float32
from models.slim import export_slim
from models.student import Student
from models.workload import TaskName
from search.contracts import Genome
from workers.finetune import evaluate, finetune
from workers.optimiser import DivergedError
from workers.preview_export import export_preview
from workers.provenance import provenance
from workers.retrieval import ReadGallery, read_gallery, retrieval_metrics, score_matrix
from workers.scoring_job import slug
from workers.speed import measured_speed
from workers.warm_start import WarmStart
from workers.workbench import Workbench

log = logging.getLogger(__name__)

PAIRS = 256  # of an image and a text in one pass of the network
PROGRESS_EVERY = 100  # steps between two log lines of a long fine-tune


class FinalStage:
    """FINAL, TEST and PLAIN, one candidate at a time."""

    def __init__(self, bench: Workbench, warm: WarmStart) -> None:
        self._bench = bench
        self._warm = warm
        self._gallery: ReadGallery | None = None

    def final(self, genome: Genome) -> dict[str, float]:
        """The long fine-tune, scored on the validation split; its weights are kept for TEST.

        Raises:
            DivergedError: a loss is NaN or infinite.
            OSError: the weights cannot be written.
        """
        bench, spec = self._bench, self._bench.job.spec.final
        student = bench.student(bench.space.decode(genome), start=self._warm.weights())

        def progress(step: int, loss: float) -> None:
            if step % PROGRESS_EVERY == 0 or step == spec.steps:
                log.info("final fine-tune of %s: step %d of %d, loss %.4f", slug(genome), step, spec.steps, loss)

        recipe = bench.recipe(spec)
        finetune(student, bench.training(recipe), recipe, progress=progress)
        file = bench.job.weights_file(genome)
        file.parent.mkdir(parents=True, exist_ok=True)
        staged = file.with_suffix(".part")
        save_file({key: value.cpu() for key, value in student.state_dict().items()}, staged)
        staged.rename(file)
        return evaluate(student, bench.examples(Split.VALIDATION)) | bench.costs(student.architecture)

    def test(self, genome: Genome) -> dict[str, float]:
        """The weights of FINAL on the test split, once, with their speed; exports the slim model.

        Raises:
            OSError: FINAL's weights are not there, or the model cannot be written.
        """
        bench, job = self._bench, self._bench.job
        student = bench.student(bench.space.decode(genome))
        student.load_state_dict(load_file(job.weights_file(genome)))
        measured = self._on_test(student)
        export_slim(
            job.model_folder(genome),
            student,
            network=bench.network,
            task=job.spec.task,
            pixels=bench.pixels,
            foreground=job.spec.space.foreground,
            provenance=provenance(job, bench.device) | {"genome": list(genome), "test": dict(measured)},
        )
        self._preview(student, genome)
        return measured

    def plain(self) -> dict[str, float]:
        """The network as it came, on the test split."""
        return self._on_test(self._bench.student(Architecture.full(self._bench.job.entry.config.sub_layers)))

    def _preview(self, student: Student, genome: Genome) -> None:
        """Pictures of what its patch filter does; a finalist is no worse for want of them."""
        try:
            with in_float32(self._bench.device):  # as the model that is exported
                export_preview(self._bench.job.preview_folder(genome), student, self._bench)
        except (OSError, DataError) as error:
            log.warning("no preview of the patches of %s: %s", slug(genome), error)

    def _on_test(self, student: Student) -> dict[str, float]:
        bench = self._bench
        measured = evaluate(student, bench.examples(Split.TEST)) | bench.costs(student.architecture)
        skipped = {"skipped_examples": float(bench.data.skipped)} if bench.data.skipped else {}
        measured |= skipped | self._recalls(student)
        single = bench.data.examples(Split.TEST, 1)
        return measured | measured_speed(student, single, bench.look, device=bench.device)

    def _recalls(self, student: Student) -> dict[str, float]:
        """Recalls on the full score matrix of a gallery of the test split; nothing for another task than retrieval."""
        bench, spec = self._bench, self._bench.job.spec
        if spec.task is not TaskName.RETRIEVAL:
            return {}
        if self._gallery is None:
            found = open_gallery(bench.data, Split.TEST, spec.final.gallery)
            self._gallery = read_gallery(student.backbone, found, bench.prefix, device=bench.device)
        matrix = score_matrix(student, self._gallery.texts, self._gallery.images, rows=PAIRS)
        if not matrix.isfinite().all():
            raise DivergedError("a score of an image and a text is NaN or infinite")
        return retrieval_metrics(matrix, self._gallery.image_of_text)
