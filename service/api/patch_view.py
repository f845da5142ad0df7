"""The routes of the patch preview: what the patch filter of a search's winner does to some images."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import ValidationError

from models.patch_preview import FILE, MOST, PatchPreview, picture_name
from service.api.problems import RESPONSES, ProblemError
from service.api.services import Given, Services
from service.storage.artifacts import ArtifactsError

router = APIRouter(prefix="/searches", tags=["searches"], responses=RESPONSES)

PNG = "image/png"
MOST_BYTES = 1 << 24  # of one file; ours are far smaller

Number = Annotated[int, Path(ge=0, lt=MOST, description="of an image, in the order of the preview")]


class PictureResponse(Response):
    """A PNG."""

    media_type = PNG


@router.get("/{search_id}/patches")
def get_patches(search_id: str, services: Given) -> PatchPreview:
    """Scores, foreground and kept places of the patches of some images; there once the search has succeeded."""
    content = _content(search_id, FILE, services)
    try:
        return PatchPreview.model_validate_json(content)
    except ValidationError as error:
        faults = error.error_count()
        raise ArtifactsError(f"the patch preview of search {search_id} is damaged: {faults} faults") from error


@router.get("/{search_id}/patches/{number}.png", response_class=PictureResponse)
def get_patch_picture(search_id: str, number: Number, services: Given) -> PictureResponse:
    """One image of the preview as the network sees it."""
    return PictureResponse(_content(search_id, picture_name(number), services))


def _content(search_id: str, name: str, services: Services) -> bytes:
    """One file of the preview of a search.

    Raises:
        SearchNotFoundError: there is no such search.
        ProblemError: 404; it has no preview, or no such file in it.
        ArtifactsError: it cannot be read.
    """
    search = services.store.searches.get(search_id)
    folder = (search.result or {}).get("patches")
    files = services.exports.files(search.id, folder) if folder is not None else ()
    found = next((file for file in files if file.name == name), None)
    if found is None:
        detail = f"search {search_id} has no {'patch preview' if name == FILE else f'picture {name}'}"
        raise ProblemError(HTTPStatus.NOT_FOUND, f"{detail}: made when it succeeds with a model, or deleted since")
    if found.size > MOST_BYTES:
        raise ArtifactsError(f"{name} of search {search_id} has {found.size:,} bytes; at most {MOST_BYTES:,} are sent")
    return b"".join(services.exports.read(found))
