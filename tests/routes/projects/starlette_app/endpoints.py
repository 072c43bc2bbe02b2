from starlette.endpoints import HTTPEndpoint
from starlette.responses import JSONResponse


class Users(HTTPEndpoint):
    async def get(self, request):
        return JSONResponse([])

    async def post(self, request):
        return JSONResponse({})


async def home(request):
    return JSONResponse({})


def echo(request):
    return JSONResponse({})


async def chat(websocket):
    await websocket.accept()
