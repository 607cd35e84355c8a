# SPDX-License-Identifier: MIT
# Both programs of Tether on a slim Debian, run by a user without rights. docker-compose.yml serves a team with it on Postgres.
# Alone it keeps the embedded store in a volume: docker run -p 127.0.0.1:8787:8787 -v tether:/var/lib/tether IMAGE serve --insecure

FROM debian:bookworm-slim AS build
WORKDIR /tether
COPY scripts/install-deps scripts/
RUN scripts/install-deps
COPY . .
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --preset release && ninja -C build/release programs && cmake --install build/release --prefix /installed --strip

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="tether-service" \
      org.opencontainers.image.description="Write locally first, sync later: the service of Tether, and its client" \
      org.opencontainers.image.licenses="MIT"
# What the programs load, and the certificates that a client trusts.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libcpp-httplib0.11 libssl3 zlib1g libbrotli1 libfmt9 libpq5 ca-certificates \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && groupadd --gid 10001 tether \
 && useradd --uid 10001 --gid tether --home-dir /var/lib/tether --create-home --shell /usr/sbin/nologin tether
COPY --from=build /installed/ /usr/local/
COPY LICENSE /usr/local/share/doc/tether/
COPY service/container/ready /usr/local/bin/tether-ready
USER 10001:10001
WORKDIR /var/lib/tether
ENV TETHER_LISTEN=0.0.0.0:8787
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s CMD ["tether-ready"]
ENTRYPOINT ["tether-service"]
CMD ["serve"]
