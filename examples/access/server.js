// `node examples/access/server.js` starts the API at port 3001, with a database in memory, or in the file `DATABASE`.
import { DatabaseSync } from 'node:sqlite';
import { createApi, seed } from './api.js';

const database = new DatabaseSync(process.env['DATABASE'] ?? ':memory:');
seed(database);
const server = createApi(database);

server.listen(Number(process.env['PORT'] ?? 3001), '127.0.0.1', () => process.stdout.write(`${JSON.stringify(server.address())}\n`));
