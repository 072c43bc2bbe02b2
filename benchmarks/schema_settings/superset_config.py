import os

SQLALCHEMY_DATABASE_URI = os.environ["URI"]
SECRET_KEY = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghij"
