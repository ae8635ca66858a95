#!/usr/bin/env -S node --optimize-for-size --max-semi-space-size=1 --no-opt --no-sparkplug
// Without V8's compilers the process is some 10 MB smaller, and still far faster than any NB-IoT site is.
// The program is built by `npm start`, `npm test` or `npm run build`. (A dynamic import would cost another 4 MB.)
import "../dist/mn316-agent.js";
