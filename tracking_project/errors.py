"""Error pages: one template a status with a generic fallback, or problem+json for programs.

They ask neither the session nor the database, so that they work when nothing else does.
"""

import logging
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import TemplateDoesNotExist
from django.template.loader import select_template

logger = logging.getLogger("tracking_project.errors")

PROBLEM_JSON = "application/problem+json"


def error_page(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """The page of an error, or JSON (RFC 9457) for those who prefer it."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    if _prefers_json(request):
        problem = {"title": title, "status": status}
        return JsonResponse(
            problem | ({"detail": detail} if detail else {}),
            status=status,
            content_type=PROBLEM_JSON,
        )
    template = select_template([f"errors/{status}.html", "errors/error.html"])
    text = template.render({"status": status, "title": title, "detail": detail})
    return HttpResponse(text, status=status)


def has_page_of_its_own(response: HttpResponse) -> bool:
    """Whether an error response says something already."""
    return response.streaming or bool(response.content)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 for a body that was too big."""
    if isinstance(exception, RequestDataTooBig):
        return error_page(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return error_page(request, HTTPStatus.BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """403."""
    return error_page(request, HTTPStatus.FORBIDDEN)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """404; the same words for what is not there and for what is somebody else's."""
    return error_page(request, HTTPStatus.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; the traceback is in the log, and nowhere else."""
    try:
        return error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR)
    except (TemplateDoesNotExist, ValueError, OSError):
        # Without the static files' manifest even the style sheet's name is unknown.
        logger.exception("The page of the error could not be made")
        return HttpResponse("500 Internal Server Error\n", status=500, content_type="text/plain")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token, with what its sender can do."""
    logger.warning("A form was refused: %s", reason)
    return error_page(
        request,
        HTTPStatus.FORBIDDEN,
        "The form had lost its proof of where it came from. Go back, load the page again, and "
        "send it once more; cookies must be allowed for this site.",
    )


def _prefers_json(request: HttpRequest) -> bool:
    preferred = request.get_preferred_type(["text/html", "application/json", PROBLEM_JSON])
    return preferred in {"application/json", PROBLEM_JSON}
