from flask import Blueprint

from .auth import login_required

bp = Blueprint("main", __name__)


@bp.route("/")
@bp.route("/index")
def index():
    return ""


@bp.post("/contact")
@login_required
def contact():
    return ""
