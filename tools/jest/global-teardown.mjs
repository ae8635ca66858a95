/** After the tests: stops the embedded PostgreSQL, where the setup started one. */
export default async function tearDown() {
  await /** @type {any} */ (globalThis).stopTestPostgres?.();
}
