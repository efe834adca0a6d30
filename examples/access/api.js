// The API behind the gateway: invoices of two tenants in SQLite. It does as it is told: it asks nobody for rights, gives out
// all it has, and takes every field it is sent. So it must be reached by nobody but the gateway.
import { createServer } from 'node:http';

const SCHEMA = `CREATE TABLE IF NOT EXISTS invoices (
  id TEXT PRIMARY KEY, tenantId TEXT, ownerId TEXT, status TEXT, totalCents INTEGER, marginCents INTEGER, note TEXT,
  customer TEXT, lines TEXT) STRICT;
CREATE TABLE IF NOT EXISTS payments (id INTEGER PRIMARY KEY, invoiceId TEXT, amountCents INTEGER, feeCents INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS closings (tenantId TEXT, through TEXT) STRICT;`;

const OWNERS = Object.entries({
  north: ['ada', 'ben', 'cleo', 'dora', 'eve', 'hal', 'sol', 'uma'],
  south: ['gus', 'ida'],
}).flatMap(([tenantId, owners]) => owners.map((ownerId) => ({ tenantId, ownerId })));

const COLUMNS = ['id', 'tenantId', 'ownerId', 'status', 'totalCents', 'marginCents', 'note', 'customer', 'lines'];

/** @typedef {Record<string, unknown>} Invoice */

/** Everybody has one invoice, and nobody anything else. @param {import('node:sqlite').DatabaseSync} database */
export function seed(database) {
  database.exec(`${SCHEMA} DELETE FROM invoices; DELETE FROM payments; DELETE FROM closings;`);
  for (const { tenantId, ownerId } of OWNERS) {
    const customer = { name: `Client of ${ownerId}`, email: `${ownerId}@clients.example`, ssn: '078-05-1120' };
    const lines = [{ sku: 'tea', quantity: 2, costCents: 310 }];
    const sums = { status: 'open', totalCents: 1000, marginCents: 380, note: 'pays late' };
    insert(database, { id: `${ownerId}-1`, tenantId, ownerId, ...sums, customer, lines });
  }
}

/** @param {import('node:sqlite').DatabaseSync} database @param {Invoice} invoice */
function insert(database, invoice) {
  const row = COLUMNS.map((name) => stored(invoice[name]));
  database.prepare(`INSERT INTO invoices VALUES (${COLUMNS.map(() => '?').join()})`).run(...row);
}

/** @param {Record<string, unknown>} columns @returns {Record<string, object>} */
function parsed(columns) {
  return Object.fromEntries(
    Object.entries(columns).map(([name, text]) => [name, /** @type {object} */ (JSON.parse(String(text)))]),
  );
}

/** @param {unknown} value @returns {import('node:sqlite').SQLInputValue} */
function stored(value) {
  if (typeof value === 'string' || typeof value === 'number') return value;
  return value === undefined || value === null ? null : JSON.stringify(value);
}

/** @param {Record<string, unknown> | undefined} row @returns {Invoice | null} */
function invoiceOf(row) {
  if (row === undefined) return null;
  const { customer, lines, ...rest } = row;
  return { ...rest, ...parsed({ customer, lines }) };
}

/** @typedef {{ status: number, body?: unknown, lines?: unknown[] }} Answer */
/** @typedef {{ database: import('node:sqlite').DatabaseSync, caller: { subject: unknown, tenant: unknown }, params: Record<string, string>, query: URLSearchParams, body: Record<string, unknown> }} Call */

/** @param {Call} call @param {string} [where] */
function invoices({ database }, where = '') {
  return database.prepare(`SELECT * FROM invoices ${where} ORDER BY id`).all().map(invoiceOf);
}

/** Of this tenant, where the path names one. @param {Call} call */
function find({ database, params: { id = '', tenant } }) {
  const found = invoiceOf(database.prepare('SELECT * FROM invoices WHERE id = ?').get(id));
  return tenant === undefined || found?.['tenantId'] === tenant ? found : null;
}

const NOTHING = { status: 404, body: { error: 'no such invoice' } };

/** @type {readonly (readonly [string, RegExp, (call: Call) => Answer])[]} */
const OPERATIONS = [
  ['GET', /^\/status$/, () => ({ status: 200, body: { up: true } })],
  [
    'GET',
    /^\/invoices$/,
    (call) => {
      const items = invoices(call);
      return { status: 200, body: { items, total: items.length } };
    },
  ],
  [
    'GET',
    /^\/invoices\/(?<id>[^/]+)$/,
    (call) => {
      const found = find(call);
      return found === null ? NOTHING : { status: 200, body: found };
    },
  ],
  [
    'POST',
    /^\/invoices$/,
    ({ database, caller, body }) => {
      const { total } = /** @type {{ total: number }} */ (
        database.prepare('SELECT count(*) AS total FROM invoices').get()
      );
      const drawn = { id: `new-${total}`, status: 'draft', totalCents: 0, marginCents: 0, note: '' };
      const customer = { name: '', email: '', ssn: '', .../** @type {object} */ (body['customer']) };
      const lines = /** @type {object[]} */ (body['lines'] ?? []).map((line) => ({ sku: '', quantity: 1, costCents: 0, ...line }));
      const by = { tenantId: caller.tenant, ownerId: caller.subject };
      const made = /** @type {Invoice} */ ({ ...drawn, ...by, ...body, customer, lines });
      insert(database, made);
      return { status: 201, body: made };
    },
  ],
  [
    'PATCH',
    /^\/tenants\/(?<tenant>[^/]+)\/invoices\/(?<id>[^/]+)$/,
    (call) => {
      const found = find(call);
      if (found === null) return NOTHING;
      const customer = { .../** @type {object} */ (found['customer']), .../** @type {object} */ (call.body['customer']) };
      const changed = /** @type {Invoice} */ ({ ...found, ...call.body, customer });
      call.database.prepare('DELETE FROM invoices WHERE id = ?').run(stored(found['id']));
      insert(call.database, changed);
      return { status: 200, body: changed };
    },
  ],
  [
    'DELETE',
    /^\/tenants\/(?<tenant>[^/]+)\/invoices\/(?<id>[^/]+)$/,
    (call) => {
      const found = find(call);
      if (found === null) return NOTHING;
      call.database.prepare('DELETE FROM invoices WHERE id = ?').run(stored(found['id']));
      return { status: 204 };
    },
  ],
  [
    'POST',
    /^\/tenants\/(?<tenant>[^/]+)\/invoices\/(?<id>[^/]+)\/payments$/,
    (call) => {
      const found = find(call);
      if (found === null) return NOTHING;
      const { amountCents } = call.body;
      const row = [stored(found['id']), stored(amountCents), 25];
      const { lastInsertRowid } = call.database
        .prepare('INSERT INTO payments (invoiceId, amountCents, feeCents) VALUES (?, ?, ?)')
        .run(...row);
      return { status: 201, body: { id: Number(lastInsertRowid), amountCents, feeCents: 25 } };
    },
  ],
  [
    'GET',
    /^\/tenants\/(?<tenant>[^/]+)\/customers$/,
    (call) => {
      const ofTenant = invoices(call).filter((each) => each?.['tenantId'] === call.params['tenant']);
      return { status: 200, body: ofTenant.map((each) => each?.['customer']) };
    },
  ],
  [
    'GET',
    /^\/exports$/,
    (call) => {
      const ofTenant = invoices(call).filter((each) => each?.['tenantId'] === call.query.get('tenantId'));
      return { status: 200, lines: ofTenant };
    },
  ],
  [
    'POST',
    /^\/books\/close$/,
    ({ database, body: { tenantId, through } }) => {
      database.prepare('INSERT INTO closings VALUES (?, ?)').run(stored(tenantId), stored(through));
      return { status: 204 };
    },
  ],
];

/** Makes the server over a database. @param {import('node:sqlite').DatabaseSync} database */
export function createApi(database) {
  return createServer((request, reply) => void answer(database, request, reply));
}

/** @type {(database: import('node:sqlite').DatabaseSync, request: import('node:http').IncomingMessage, reply: import('node:http').ServerResponse) => Promise<void>} */
async function answer(database, request, reply) {
  const pieces = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  const sent = Buffer.concat(pieces).toString();
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const caller = { subject: request.headers['x-portcullis-subject'], tenant: request.headers['x-portcullis-tenant'] };
  const body = /** @type {Record<string, unknown>} */ (sent === '' ? {} : JSON.parse(sent));
  for (const [of, path, operation] of OPERATIONS) {
    const match = of === method ? path.exec(pathname) : null;
    if (match === null) continue;
    write(reply, operation({ database, caller, params: { ...match.groups }, query, body }));
    return;
  }
  write(reply, NOTHING);
}

/** @param {import('node:http').ServerResponse} reply @param {Answer} answer */
function write(reply, { status, body, lines }) {
  if (lines !== undefined) {
    reply.writeHead(status, { 'content-type': 'application/x-ndjson' });
    reply.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  } else if (body === undefined) reply.writeHead(status).end();
  else reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
