"""What people see: pages rendered on the server, without scripts, under a strict content policy.

Read `page` (headers, templates, `render`), then `errors` (the page for everything that went
wrong), then `exchange` (reading forms, answering). Templates stand in the `templates` folder of
the room that uses them and extend `base.html`.
"""

from yett.net.pages.errors import Action, error_page
from yett.net.pages.exchange import (
    MAX_FORM,
    SIGN_ON_COOKIE,
    Fault,
    Fields,
    PageResponse,
    client_address,
    client_certificate,
    http_error,
    once,
    parse_fields,
    plain_problem,
    problem,
    read_form,
    redirect,
    request_id,
    sign_on_token,
)
from yett.net.pages.page import Page, render
from yett.net.pages.routing import PathRouter

__all__ = [
    "MAX_FORM",
    "SIGN_ON_COOKIE",
    "Action",
    "Fault",
    "Fields",
    "Page",
    "PageResponse",
    "PathRouter",
    "client_address",
    "client_certificate",
    "error_page",
    "http_error",
    "once",
    "parse_fields",
    "plain_problem",
    "problem",
    "read_form",
    "redirect",
    "render",
    "request_id",
    "sign_on_token",
]
