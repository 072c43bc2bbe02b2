# backend-lint in a container: docker run --rm -v "$PWD:/src:ro" backend-lint
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN python -m pip wheel --quiet --no-cache-dir --wheel-dir /wheels '.[coverage,fast,fix]'

FROM python:3.12-slim
# git says which files belong to the project and what a change is; nothing else is started
RUN apt-get update \
    && apt-get install --yes --quiet --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    python -m pip install --quiet --no-cache-dir --no-index --find-links /wheels 'backend-lint[coverage,fast,fix]' \
    && useradd --create-home --uid 1000 reviewer
USER reviewer
WORKDIR /src
ENTRYPOINT ["backend-lint"]
