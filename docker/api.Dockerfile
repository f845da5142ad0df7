# The API, the migration step and the administrator's commands: without torch and without Ray.
# Build from the root of the repository: docker build --file docker/api.Dockerfile --tag twinsieve-api .
ARG BASE=python:3.11-slim-bookworm

# BASE has a tag of its own; the linter does not look into arguments
# hadolint ignore=DL3006
FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY docker/requirements-build.txt docker/requirements-api.txt docker/
# pip and setuptools stay behind in an environment of their own
RUN python -m venv /opt/build \
    && python -m venv --without-pip /opt/twinsieve \
    && /opt/build/bin/pip install --require-hashes --requirement docker/requirements-build.txt \
    && /opt/build/bin/pip --python /opt/twinsieve/bin/python install \
        --require-hashes --only-binary :all: --requirement docker/requirements-api.txt
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY search search
COPY workers workers
COPY service service
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/build/bin/pip --python /opt/twinsieve/bin/python install --no-deps --no-index /wheel/*.whl

# hadolint ignore=DL3006
FROM ${BASE}
LABEL org.opencontainers.image.title="Twinsieve API" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 twinsieve \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin twinsieve \
    && install --directory --owner twinsieve --group twinsieve --mode 0750 \
        /var/lib/twinsieve /var/lib/twinsieve/artifacts /var/lib/twinsieve/logs
COPY docker/healthy /usr/local/bin/healthy
COPY --from=build /opt/twinsieve /opt/twinsieve
ENV PATH=/opt/twinsieve/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TWINSIEVE_STATE_DIR=/var/lib/twinsieve \
    TWINSIEVE_HOST=0.0.0.0 \
    TWINSIEVE_REQUIRE_KEYS=true \
    TWINSIEVE_LOG=json
WORKDIR /var/lib/twinsieve
USER 10001:10001
EXPOSE 8321
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["healthy", "http://127.0.0.1:8321/readyz"]
ENTRYPOINT ["twinsieve"]
CMD ["serve", "--no-dispatcher"]
