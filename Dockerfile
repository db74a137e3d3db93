# syntax=docker/dockerfile:1
# Two stages: dependencies and dist are made in the first; the second holds only what runs.
# BASE is a Debian image with Node 26 in it; the tests build with a debootstrap base instead (see packaging/build-image.sh).
ARG BASE=node:26-bookworm-slim

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM ${BASE}
LABEL org.opencontainers.image.title="modelward" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 65532 modelward \
 && useradd --system --uid 65532 --gid 65532 --home-dir /var/lib/modelward --shell /usr/sbin/nologin modelward \
 && mkdir -p /var/lib/modelward /etc/modelward \
 && chown 65532:65532 /var/lib/modelward \
 && chmod 0700 /var/lib/modelward
WORKDIR /opt/modelward
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY rules ./rules
COPY dashboards ./dashboards
COPY LICENSE ./
USER 65532:65532
VOLUME ["/var/lib/modelward"]
# The root file system may be read-only; the volume is the only place that is written.
ENV NODE_ENV=production
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "/opt/modelward/dist/cli/main.js", "doctor", "--healthy", "--data", "/var/lib/modelward"]
ENTRYPOINT ["node", "/opt/modelward/dist/cli/main.js"]
CMD ["run", "--config", "/etc/modelward/modelward.yaml", "--data", "/var/lib/modelward"]
