"""Routes that change a search: how it runs, whether it runs, what people say about it, and its end."""

from http import HTTPStatus

from fastapi import APIRouter

from service.api.auth import Runs, owned
from service.api.overview import overview
from service.api.schemas import SearchChange, SearchView
from service.api.services import Given, Services
from service.domain.person import Caller
from service.driving.retention import Retention

router = APIRouter()


@router.patch("/{search_id}")
def change(search_id: str, change: SearchChange, services: Given, caller: Runs) -> SearchView:
    """Another number of workers, which a running search follows within seconds; another priority, labels, notes."""
    _own(search_id, services, caller)
    return overview(services.store.searches.change(search_id, change.to_change(), caller), services)


@router.post("/{search_id}/cancel")
def cancel(search_id: str, services: Given, caller: Runs) -> SearchView:
    """Ask for the end; a running search stops within seconds, and asking again changes nothing."""
    _own(search_id, services, caller)
    return overview(services.store.searches.request_cancel(search_id, caller), services)


@router.post("/{search_id}/pause")
def pause(search_id: str, services: Given, caller: Runs) -> SearchView:
    """Ask for a break; a running search stops within seconds, and what was measured is kept."""
    _own(search_id, services, caller)
    return overview(services.store.searches.request_pause(search_id, caller), services)


@router.post("/{search_id}/resume")
def resume(search_id: str, services: Given, caller: Runs) -> SearchView:
    """Queue a paused search again; it goes on where it stopped."""
    _own(search_id, services, caller)
    return overview(services.store.searches.resume(search_id, caller), services)


@router.delete("/{search_id}/artifacts")
def delete_artifacts(search_id: str, services: Given, caller: Runs) -> SearchView:
    """Delete what an ended search exported; its measurements stay."""
    _own(search_id, services, caller)
    return overview(_retention(services).delete_artifacts(search_id, caller), services)


@router.delete("/{search_id}", status_code=HTTPStatus.NO_CONTENT)
def delete(search_id: str, services: Given, caller: Runs) -> None:
    """Forget an ended search: what it exported, its candidates, all but its entries in the journal."""
    _own(search_id, services, caller)
    _retention(services).delete(search_id, caller)


def _retention(services: Services) -> Retention:
    copied = services.settings.artifacts_url is not None
    return Retention(store=services.store, exports=services.exports, scratch=services.artifacts, copied=copied)


def _own(search_id: str, services: Services, caller: Caller) -> None:
    owned(services.store.searches.get(search_id), caller)
