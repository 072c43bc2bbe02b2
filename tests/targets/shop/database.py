from collections.abc import Iterator

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

engine = create_engine("postgresql+psycopg://shop@127.0.0.1:5433/shop", pool_size=5, max_overflow=10)


def session() -> Iterator[Session]:
    with Session(engine) as one:
        yield one
