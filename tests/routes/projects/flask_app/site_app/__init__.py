from flask import Flask

from .admin import admin
from .api import api
from .views import bp


def create_app():
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(bp)
    app.register_blueprint(api, url_prefix="/api/v2")
    configure(app)

    @app.route("/ping", methods=["GET", "POST"])
    def ping():
        return "pong"

    return app


def configure(application):
    application.register_blueprint(admin)
    application.add_url_rule("/version", view_func=version)
    application.add_url_rule("/about", "about", version, methods=("GET",))


def version():
    return "1"
