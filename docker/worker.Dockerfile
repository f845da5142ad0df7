# Dispatchers and every node of the Ray cluster. VARIANT is cpu, or cuda, whose libraries come with PyTorch's packages.
# Build from the root of the repository:
#   docker build --file docker/worker.Dockerfile --build-arg VARIANT=cuda --tag twinsieve-worker:cuda .
ARG BASE=python:3.11-slim-bookworm

# BASE has a tag of its own; the linter does not look into arguments
# hadolint ignore=DL3006
FROM ${BASE} AS build
ARG VARIANT=cpu
# the page or folder of PyTorch's wheels without CUDA, which the variant cpu needs
ARG TORCH_WHEELS=
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY docker/requirements-build.txt docker/requirements-worker-${VARIANT}.txt docker/
# pip and setuptools stay behind in an environment of their own
RUN python -m venv /opt/build \
    && python -m venv --without-pip /opt/twinsieve \
    && /opt/build/bin/pip install --require-hashes --requirement docker/requirements-build.txt \
    && /opt/build/bin/pip --python /opt/twinsieve/bin/python install \
        --require-hashes --only-binary :all: ${TORCH_WHEELS:+--find-links "$TORCH_WHEELS"} \
        --requirement "docker/requirements-worker-${VARIANT}.txt"
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY search search
COPY workers workers
COPY service service
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/build/bin/pip --python /opt/twinsieve/bin/python install --no-deps --no-index /wheel/*.whl

# hadolint ignore=DL3006
FROM ${BASE}
LABEL org.opencontainers.image.title="Twinsieve worker" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 twinsieve \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin twinsieve \
    && install --directory --owner twinsieve --group twinsieve --mode 0750 \
        /var/lib/twinsieve /var/lib/twinsieve/artifacts /var/lib/twinsieve/logs
COPY docker/healthy /usr/local/bin/healthy
COPY --from=build /opt/twinsieve /opt/twinsieve
# what is not on this machine is not fetched: networks and data come from the roots that an installation names
ENV PATH=/opt/twinsieve/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    RAY_AUTH_MODE=token \
    RAY_USAGE_STATS_ENABLED=0 \
    TWINSIEVE_STATE_DIR=/var/lib/twinsieve \
    TWINSIEVE_LOG=json
WORKDIR /var/lib/twinsieve
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["healthy", "http://127.0.0.1:52365/api/local_raylet_healthz"]
ENTRYPOINT []
CMD ["python", "-m", "workers.node", "--help"]
