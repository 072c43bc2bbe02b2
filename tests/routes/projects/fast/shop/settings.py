class Settings:
    API_PREFIX: str = "/api/v1"
    ADMIN = "/admin"


settings = Settings()
VERSION = "2"
