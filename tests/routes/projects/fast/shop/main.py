from fastapi import FastAPI

from shop.admin import admin
from shop.routers import api_router
from shop.settings import VERSION, settings


def register(application: FastAPI) -> None:
    application.include_router(api_router, prefix=settings.API_PREFIX)

    @application.get("/ready/" + VERSION)
    def ready() -> dict:
        return {}


def create_app() -> FastAPI:
    made = FastAPI(openapi_url=None)
    register(made)
    made.mount(settings.ADMIN, admin)
    return made


app = create_app()


@app.get("/health")
async def health():
    return {}


@app.middleware("http")
async def timing(request, call_next):
    return await call_next(request)
