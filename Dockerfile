# Two images: `longhand` for every process but the local service, `recognizer` for that one.
#   docker build --target longhand -t longhand .
#   docker build --target recognizer -t longhand-recognizer .
# By tag, not by digest: a digest would keep the Python and the Debian of its day, faults and all, until somebody looks
# again. Who builds for production pins what was tried: FROM python:3.12-slim@sha256:…, as `docker buildx imagetools
# inspect python:3.12-slim` prints it. What pip installs is held by the hashes of the lock files.
FROM python:3.12-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --create-home --uid 10001 longhand && install --directory --owner=longhand --mode=0700 /data
WORKDIR /app
COPY pyproject.toml requirements-embedded.lock requirements-server.lock README.md LICENSE ./
COPY realtime realtime
COPY worker worker
COPY migrations migrations
COPY api api

FROM base AS recognizer
RUN pip install --require-hashes -r requirements-embedded.lock \
 && pip install --no-deps --no-build-isolation .
USER longhand
EXPOSE 8765
CMD ["longhand", "recognizer", "--host", "0.0.0.0"]

FROM base AS longhand
RUN apt-get update && apt-get install --yes --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/*
RUN pip install --require-hashes -r requirements-server.lock \
 && pip install --no-deps --no-build-isolation .
USER longhand
ENV LONGHAND_HOME=/data
VOLUME /data
EXPOSE 8080
CMD ["longhand", "api", "--host", "0.0.0.0"]
