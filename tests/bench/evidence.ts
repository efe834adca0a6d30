import { accessEvidence } from './access-evidence.ts';
import { AS_BENCH, framingEvidence } from './framing-evidence.ts';
import { http2Evidence } from './http2-evidence.ts';
import { identityEvidence } from './identity-evidence.ts';
import { chooseByName } from './names.ts';
import { reloadEvidence } from './reload-evidence.ts';
import { validateEvidence } from './validate-evidence.ts';

// `npm run evidence -- NAME`: runs the cases behind a claim, prints what held, and ends with one line of JSON.
// It never fails on a figure.
const EVIDENCE = {
  framing: { options: [AS_BENCH], run: framingEvidence },
  reload: reloadEvidence,
  http2: http2Evidence,
  identity: identityEvidence,
  access: accessEvidence,
  reviews: null,
  validate: validateEvidence,
  waf: null,
  limits: null,
  ledger: null,
  detection: null,
  inventory: null,
  probe: null,
  console: null,
  fleet: null,
};

process.exitCode = await chooseByName('evidence', EVIDENCE, process.argv.slice(2));
