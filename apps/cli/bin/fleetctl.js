#!/usr/bin/env node
// The program is built by `npm start`, `npm test` or `npm run build`.
import "../dist/fleetctl.js";
