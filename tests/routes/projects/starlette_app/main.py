from starlette.applications import Starlette
from starlette.routing import Mount, Route, Router, WebSocketRoute

import endpoints
from endpoints import Users, home

inner = Router(routes=[Route("/echo", endpoints.echo, methods=["POST", "PUT"])])
api = [Route("/users", Users), Mount("/v2", app=inner)]
routes = [
    Route("/", home),
    Mount("/api", routes=api),
]
routes.append(WebSocketRoute("/chat", endpoints.chat))

app = Starlette(routes=routes)


def late(request):
    return None


app.add_route("/late", late, methods=["GET"])
