"""`Submission`: a spec on its way into the queue, whoever made it of whatever."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request, Response

from search.build import check_spec
from search.spec import SearchSpec, SpecError
from service.api.limits import admit
from service.api.overview import overview
from service.api.schemas import SearchView
from service.api.services import Services
from service.domain.person import Caller
from service.domain.records import Idempotency, Search


@dataclass(frozen=True, slots=True)
class Submission:
    """Where to, by whom, and under which key."""

    services: Services
    caller: Caller
    idempotency: Idempotency | None

    def check(self, spec: SearchSpec) -> None:
        """Refuse what cannot be searched here, or not now.

        Raises:
            SpecError: nobody could search that.
            SpecTooLargeError: it wants more than this installation gives.
            DiskFullError: there is no room for what it would write.
        """
        admit(spec, self.services)
        try:
            entry = self.services.registry.get(spec.backbone)
        except ValueError as error:
            raise SpecError(f"backbone: {error}") from None
        check_spec(spec, entry, self.services.folders)

    def queue(
        self,
        spec: SearchSpec,
        *,
        extends: str | None = None,
        labels: Sequence[str] = (),
        notes: str = "",
        priority: int = 0,
    ) -> Search:
        """The search that came of it, now or under the same key before.

        Raises:
            QuotaExceededError: the caller has as much as they may have.
            IdempotencyConflictError: something else came under the key in this moment.
        """
        return self.services.store.searches.create(
            spec,
            self.services.version,
            caller=self.caller,
            idempotency=self.idempotency,
            extends=extends,
            labels=labels,
            notes=notes,
            priority=priority,
        )


def created(search: Search, services: Services, request: Request, response: Response) -> SearchView:
    """The answer, with the address of the search as its header says."""
    response.headers["Location"] = request.url_for("get_search", search_id=search.id).path
    return overview(search, services)
