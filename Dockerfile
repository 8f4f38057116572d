# Kidray's images, from one file:
#   docker build --target cpu -t kidray:0.1.0 .          the service, on the CPU (also the default)
#   docker build --target gpu -t kidray:0.1.0-gpu .      the same with PyTorch and its CUDA libraries
# One image holds every role: `receive`, `work`, `web`, and the embedded LLM server.

ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm
ARG NODE_IMAGE=node:22.23.1-bookworm-slim

# The viewer's static build.
FROM ${NODE_IMAGE} AS viewer
WORKDIR /src/web_viewer/frontend
COPY web_viewer/frontend/package.json web_viewer/frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web_viewer/frontend/ ./
RUN npm run build

# The wheel, viewer and models inside.
FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /src
RUN pip install --no-cache-dir "hatchling==1.33.0" "build==1.6.1"
COPY pyproject.toml hatch_build.py README.md LICENSE cli.py ./
COPY study/ study/
COPY dicom_node/ dicom_node/
COPY inference/ inference/
COPY reporting/ reporting/
COPY roles/ roles/
COPY training/ training/
COPY web_viewer/ web_viewer/
COPY --from=viewer /src/web_viewer/static/ web_viewer/static/
RUN python -m build --wheel --no-isolation --outdir /wheels

# Everything that the service imports, pinned by constraints.txt, in a virtual environment.
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY constraints.txt /constraints.txt
COPY --from=wheel /wheels/ /wheels/
RUN python -m venv /opt/kidray \
    && /opt/kidray/bin/pip install --constraint /constraints.txt /wheels/*.whl

FROM packages AS packages-gpu
# On Linux, PyPI's torch brings its own CUDA libraries: the host needs the driver and the container toolkit.
RUN wheel="$(ls /wheels/*.whl)" \
    && /opt/kidray/bin/pip install --constraint /constraints.txt "${wheel}[gpu]"

# What every image has beside the packages: no compiler, no pip cache, no root.
FROM ${PYTHON_IMAGE} AS base
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Kidray" \
      org.opencontainers.image.description="A PACS plugin service for pediatric abdominal radiographs; not for clinical use" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Debian keeps the newest patch of a release only: a pinned one vanishes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 kidray \
    && useradd --uid 10001 --gid kidray --no-create-home --home-dir /var/lib/kidray --shell /usr/sbin/nologin kidray \
    && install --directory --owner kidray --group kidray --mode 0750 /var/lib/kidray /var/lib/kidray/run /var/lib/kidray-metrics
ENV PATH=/opt/kidray/bin:$PATH \
    HOME=/tmp \
    KIDRAY_HOME=/var/lib/kidray \
    KIDRAY_DICOM_PORT=11112 \
    KIDRAY_WEB_PORT=8080 \
    PROMETHEUS_MULTIPROC_DIR=/var/lib/kidray-metrics \
    LANGSMITH_TRACING=false \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /var/lib/kidray
VOLUME ["/var/lib/kidray", "/var/lib/kidray-metrics"]
EXPOSE 11112 8080
STOPSIGNAL SIGTERM
USER 10001:10001
# Whole service in one container: both of its doors answer. Each role has a check of its own in docker-compose.yml.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["kidray", "alive", "receive", "web"]
ENTRYPOINT ["kidray"]
CMD ["up"]

FROM base AS gpu
ENV KIDRAY_DEVICE=cuda
COPY --from=packages-gpu /opt/kidray /opt/kidray

FROM base AS cpu
COPY --from=packages /opt/kidray /opt/kidray
