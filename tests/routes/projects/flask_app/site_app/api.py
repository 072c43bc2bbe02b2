from flask import Blueprint
from flask.views import MethodView, View

from .auth import login_required

api = Blueprint("api", __name__, url_prefix="/api")


class Orders(MethodView):
    decorators = [login_required]

    def get(self, order_id=None):
        return ""

    def post(self):
        return ""


class Base(MethodView):
    def get(self):
        return ""


class Things(Base):
    def delete(self):
        return ""


class Export(View):
    methods = ["GET", "POST"]

    def dispatch_request(self):
        return ""


orders = Orders.as_view("orders")
api.add_url_rule("/orders", view_func=orders)
api.add_url_rule("/orders/<int:order_id>", view_func=orders, methods=["GET"])
api.add_url_rule("/things", view_func=login_required(Things.as_view("things")))
api.add_url_rule("/export", view_func=Export.as_view("export"))
