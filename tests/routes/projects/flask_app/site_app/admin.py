from flask import Blueprint, abort, g

admin = Blueprint("admin", __name__, url_prefix="/admin")
reports = Blueprint("reports", __name__, url_prefix="/reports")


@admin.before_request
def only_admins():
    if not g.user.is_admin:
        abort(403)


@admin.route("/")
def dashboard():
    return ""


@reports.get("/<int:year>")
def yearly(year):
    return ""


admin.register_blueprint(reports)
