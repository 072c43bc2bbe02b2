from fastapi import Depends, FastAPI
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from database import session
from models import Order

app = FastAPI()


@app.get("/orders")
def orders(page: int = 1, db: Session = Depends(session)):
    return db.scalars(select(Order).order_by(Order.id).offset(50 * page).limit(50)).all()


@app.get("/orders/{number}")
def order(number: str, db: Session = Depends(session)):
    return db.scalars(select(Order).where(Order.number == number)).one()


@app.post("/orders", status_code=201)
def create(number: str, email: str, db: Session = Depends(session)):
    db.add(Order(number=number, email=email, total=0))
    db.commit()


@app.get("/reports/daily")
def daily(db: Session = Depends(session)):
    return db.execute(text("SELECT date_trunc('day', created_at) AS day, sum(total) FROM orders GROUP BY 1 ORDER BY 1")).all()


@app.get("/customers/{email}/orders")
def of_customer(email: str, db: Session = Depends(session)):
    return db.scalars(select(Order).where(Order.email == email)).all()


@app.get("/orders/{number}/total")
def total(number: str, db: Session = Depends(session)):
    return db.scalar(select(func.sum(Order.total)).where(Order.number == number))


@app.get("/flaky")
def flaky():
    return {}


@app.delete("/orders/{number}")
def cancel(number: str):
    return None
