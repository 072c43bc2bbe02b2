from fastapi import FastAPI

from shop import api

app = FastAPI()
app.include_router(api.router, prefix="/api")
