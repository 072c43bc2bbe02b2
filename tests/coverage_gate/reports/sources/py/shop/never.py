import os


def remove(path):
    if os.path.exists(path):
        os.remove(path)
