# syntax=docker/dockerfile:1
# Two stages: dependencies and dist are made in the first; the second holds only what runs.
# BASE is any Debian with Node 26 in it: here the official image, in packaging/build-image.sh one made by debootstrap.
ARG BASE=node:26.10.0-bookworm-slim

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# A registry and authorities of your own come as secrets (--secret id=npmrc,src=… --secret id=authorities,src=…): they are
# there while npm installs, and in no layer.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=authorities \
    if [ -f /run/secrets/authorities ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/authorities; fi \
 && npm ci --ignore-scripts --no-update-notifier
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
# The package webgpu brings a build for each system, and the image is for one; source maps and browser bundles run nowhere.
RUN npm run build && npm prune --omit=dev --ignore-scripts --offline --no-update-notifier \
 && find node_modules/webgpu/dist -mindepth 1 -maxdepth 1 ! -name "linux-$(node -p process.arch)" -exec rm -r {} + \
 && find node_modules -name '*.map' -type f -delete && rm -r node_modules/libphonenumber-js/bundle

FROM ${BASE}
LABEL org.opencontainers.image.title="modelward" \
      org.opencontainers.image.description="Security monitoring and anomaly detection for AI systems" \
      org.opencontainers.image.licenses="Apache-2.0"
# The data directory belongs to the user, all else to root, and no program runs with more rights than who called it.
RUN groupadd --system --gid 65532 modelward \
 && useradd --no-create-home --uid 65532 --gid 65532 --home-dir /var/lib/modelward --shell /usr/sbin/nologin modelward \
 && mkdir -p /var/lib/modelward /etc/modelward \
 && chown 65532:65532 /var/lib/modelward \
 && chmod 0700 /var/lib/modelward \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
WORKDIR /opt/modelward
COPY LICENSE ./
COPY rules ./rules
COPY dashboards ./dashboards
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
USER 65532:65532
# The root file system may be read-only: this volume is the only place that is written.
VOLUME ["/var/lib/modelward"]
ENV NODE_ENV=production
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "/opt/modelward/dist/cli/main.js", "doctor", "--healthy", "--data", "/var/lib/modelward"]
ENTRYPOINT ["node", "/opt/modelward/dist/cli/main.js"]
CMD ["run", "--config", "/etc/modelward/modelward.yaml", "--data", "/var/lib/modelward"]
