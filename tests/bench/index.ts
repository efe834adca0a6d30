import { benchAccess } from './access.ts';
import { benchCredentials } from './credentials.ts';
import { benchDataPlane } from './data-plane.ts';
import { benchAbuse } from './abuse.ts';
import { benchMemory } from './memory.ts';
import { chooseByName } from './names.ts';
import { benchProtocols } from './protocols.ts';
import { benchUpstreams } from './upstreams.ts';
import { benchValidate, VALIDATE_NAMES } from './validate.ts';

// `npm run bench -- NAME`: measures the gateway beside its peers, prints a table, and ends with one line of JSON.
// It never fails on a figure.
const BENCHES = {
  'data-plane': benchDataPlane,
  protocols: benchProtocols,
  abuse: benchAbuse,
  upstreams: benchUpstreams,
  credentials: benchCredentials,
  access: benchAccess,
  validate: { options: ['--in-process'], choices: { '--only': VALIDATE_NAMES }, run: benchValidate },
  memory: benchMemory,
  waf: null,
  limits: null,
  ledger: null,
};

process.exitCode = await chooseByName('bench', BENCHES, process.argv.slice(2));
