import { createHash } from 'node:crypto';
import { err, errorIssue, ok, type Result, type Secret, secretLine } from '../../../base/index.ts';
import { compileEach } from '../../compile-each.ts';
import type { Exchange } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type RoleTable, type Step } from '../../kind.ts';
import { Notes } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import { type AuthenticateVerdict, deny, PASS, type Verdict } from '../../verdict.ts';
import type { CallerKey, CallersConfig } from './config.ts';

/** The field that callers show their key in. The codec keeps all of this prefix from going upstream. */
const KEY_FIELD = 'x-portcullis-key';
/** Shorter ones can be guessed. */
const LEAST_KEY_BYTES = 16;

/** Callers by the SHA-256 of their keys: to look one up tells nothing of how much of a key is right. */
type Callers = ReadonlyMap<string, Principal>;

/**
 * The kind that tells who calls a third party: in `authenticate` by the key of one of the named callers, in `authorize`
 * by whether that one may call it.
 */
export function createCallersKind(): PolicyKind<CallersConfig> {
  return {
    kind: 'callers',
    summary: 'Lets named callers in by their keys.',
    schema: null,
    sources: ({ callers }) => callers.map(({ key }) => ({ kind: 'secret', reference: key })),
    compile: ({ callers, from }, { name, operations, roles }, got) => {
      const known = readCallers(callers, roles, (reference) => got.secret(reference));
      if (!known.ok) return err([errorIssue('egress.callers', `${known.error} (${name})`)]);
      const authenticate = authenticateStep(known.value);
      const steps = from === null ? { authenticate } : { authenticate, authorize: authorizeStep(new Set(from)) };
      return compileEach(operations, () => ok(steps));
    },
  };
}

function readCallers(
  callers: readonly CallerKey[],
  roles: RoleTable,
  secret: (reference: string) => Secret,
): Result<Callers, string> {
  const known = new Map<string, Principal>();
  for (const { name, key } of callers) {
    const text = secretLine(secret(key).reveal());
    if (text.length < LEAST_KEY_BYTES) return err(`the key of ${name} has less than ${LEAST_KEY_BYTES} characters`);
    if (!/^[\x21-\x7e]+$/.test(text))
      return err(`the key of ${name} has other characters than a header field can hold`);
    const hash = hashOf(text);
    const other = known.get(hash);
    if (other !== undefined) return err(`${name} has the same key as ${other.subject}`);
    known.set(hash, principalOf(name, roles));
  }
  return ok(known);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('base64');
}

function principalOf(name: string, roles: RoleTable): Principal {
  return {
    kind: 'service',
    issuer: 'egress',
    subject: name,
    clientId: name,
    credentialId: null,
    sessionId: null,
    tenant: null,
    roles: [],
    scopes: null,
    permissions: roles.permissionsOf([]),
    claims: {},
    assurance: { acr: null, amr: [], authTimeMs: null },
    confirmation: null,
    expiresAtMs: Number.POSITIVE_INFINITY,
    notes: new Notes(),
  };
}

function authenticateStep(callers: Callers): Step<'authenticate'> {
  return {
    reads: READS_NOTHING,
    run({ request, operation }: Exchange): AuthenticateVerdict {
      const shown = request.headers.all(KEY_FIELD);
      const [key] = shown;
      // Of two keys it would be left open who calls.
      const principal = key === undefined || shown.length > 1 ? undefined : callers.get(hashOf(key));
      if (principal !== undefined) return { kind: 'identified', principal };
      const challenge = `Portcullis-Key realm="${operation.api}"`;
      return deny({ code: 'unauthenticated', headers: [['www-authenticate', challenge]] }, 'key');
    },
  };
}

function authorizeStep(from: ReadonlySet<string>): Step<'authorize'> {
  return {
    reads: READS_NOTHING,
    run({ principal }: Exchange): Verdict {
      if (principal !== null && from.has(principal.subject)) return PASS;
      return deny({ code: 'access-denied', internal: 'this caller may not call this party' }, 'from');
    },
  };
}
