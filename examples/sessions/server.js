// The API behind the gateway, with the page that calls it. `node examples/sessions/server.js` starts it at port 3001.
// It believes what the gateway says of the caller, and so must be reached by nobody else.
import { createServer } from 'node:http';

// A script of a page shows that it is the host's own by the session's token.
const PAGE = `<!doctype html>
<html lang="en">
<title>Shop</title>
<p>Signed in as <b id="who"></b>.</p>
<button id="order">Order tea</button> <a href="/.portcullis/logout">Sign out</a>
<pre id="orders"></pre>
<script>
  const show = async () => {
    orders.textContent = await (await fetch('/orders')).text();
  };
  order.onclick = async () => {
    const { csrf } = await (await fetch('/.portcullis/session')).json();
    const headers = { 'content-type': 'application/json', 'x-portcullis-csrf': csrf };
    await fetch('/orders', { method: 'POST', headers, body: '{"item":"tea"}' });
    await show();
  };
  fetch('/.portcullis/session').then(async (reply) => (who.textContent = (await reply.json()).subject));
  show();
</script>
</html>
`;

/** @type {Map<string, string[]>} */
const kept = new Map();

/** @type {(request: import('node:http').IncomingMessage, reply: import('node:http').ServerResponse) => Promise<void>} */
async function answer(request, reply) {
  if (request.url === '/') return void reply.setHeader('content-type', 'text/html; charset=utf-8').end(PAGE);
  reply.setHeader('content-type', 'application/json');
  if (request.url === '/offers') return void reply.end('["tea","coffee"]');
  const caller = String(request.headers['x-portcullis-subject']);
  const orders = kept.get(caller) ?? [];
  if (request.method === 'POST') {
    const pieces = [];
    for await (const piece of request) pieces.push(Buffer.from(piece));
    kept.set(caller, [...orders, Buffer.concat(pieces).toString()].slice(-100));
    reply.statusCode = 201;
  }
  reply.end(JSON.stringify({ caller, orders: kept.get(caller) ?? [] }));
}

const server = createServer((request, reply) => void answer(request, reply));

server.listen(Number(process.env['PORT'] ?? 3001), '127.0.0.1', () => process.stdout.write(`${JSON.stringify(server.address())}\n`));
