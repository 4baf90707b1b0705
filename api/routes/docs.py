"""The API's description as pages to be read: their programs come from a package of this machine, never from a CDN.

The pages are this server's origin, so what runs in them could do whatever a user may. Their policy lets in what lies
beside them and nothing else: no script stands in a page, and none comes from elsewhere.
"""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

PACKAGE = ("fastapi_standalone_docs", "static")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY}
# Addresses are relative, so that they hold behind a proxy with a prefix too.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Longhand: the API</title>
<link rel="icon" href="docs/files/fastapi/favicon.png">
{style}
</head>
<body>
{body}
</body>
</html>
"""
SWAGGER = PAGE.format(
    style='<link rel="stylesheet" href="docs/files/swagger/swagger-ui.css">',
    body="""<div id="swagger-ui"></div>
<script src="docs/files/swagger/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>""",
)
REDOC = PAGE.format(
    style="<style>body { margin: 0; }</style>",
    body="""<redoc spec-url="openapi.json"></redoc>
<script src="docs/files/redoc/redoc.standalone.js"></script>""",
)
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  layout: "BaseLayout",
  deepLinking: true,
  validatorUrl: null,
});
"""
router = APIRouter(include_in_schema=False)
FILES = Mount("/docs/files", StaticFiles(packages=[PACKAGE]))


@router.get("/docs")
async def get_swagger_page() -> Response:
    return HTMLResponse(SWAGGER, headers=HEADERS)


@router.get("/docs/start.js")
async def get_start_script() -> Response:
    return Response(START, media_type="text/javascript")


@router.get("/redoc")
async def get_redoc_page() -> Response:
    return HTMLResponse(REDOC, headers=HEADERS)
