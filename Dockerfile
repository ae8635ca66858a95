# The server with the dashboard. It needs a PostgreSQL and a Redis of its own: see docker-compose.yml.

FROM node:24-slim AS base
WORKDIR /app
# Nothing here needs an install script: what is native comes prebuilt, in a package of its own for each platform.
ENV NPM_CONFIG_IGNORE_SCRIPTS=true NPM_CONFIG_AUDIT=false NPM_CONFIG_FUND=false NPM_CONFIG_UPDATE_NOTIFIER=false

# The lock file and every package.json, so that the two stages that install are built anew only when these change.
FROM base AS manifests
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json -delete && find . -type d -empty -delete

FROM base AS build
COPY --from=manifests /app .
RUN npm ci
COPY . .
RUN npx nx run-many -t build -p @mn316-fleet/server,@mn316-fleet/dashboard

# What the server's bundle leaves outside: no build tools, no packages of the other programs, and, as an optional peer of
# its client, no Prisma CLI, which is larger than all the rest.
FROM base AS dependencies
COPY --from=manifests /app .
RUN npm ci --omit=dev --omit=optional --workspace @mn316-fleet/server && rm -r node_modules/@mn316-fleet

FROM base
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
COPY --from=dependencies /app/node_modules node_modules
# Prebuilt for the platform, and so an optional package to npm: without it no password can be checked.
COPY --from=build /app/node_modules/@node-rs node_modules/@node-rs
COPY --from=build /app/apps/server/dist apps/server/dist
COPY --from=build /app/apps/dashboard/dist apps/dashboard/dist
COPY apps/server/package.json apps/server/
COPY prisma/migrations prisma/migrations
COPY LICENSE .
USER node
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Frames of agents live for milliseconds: a larger nursery keeps them out of the old generation.
CMD ["sh", "-c", ": \"${DATABASE_URL:?is missing: this image holds no PostgreSQL of its own}\" && exec node --max-semi-space-size=64 apps/server/dist/main.js"]
