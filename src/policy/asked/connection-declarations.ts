import { type Declaration, groupOf, type Missing, timestampOf, type Type, UNREADABLE } from '../../rules/index.ts';
import { thumbprintOf } from '../client-thumbprint.ts';
import type { Principal } from '../principal.ts';
import type { AskedRequest } from './asked-request.ts';

type Declared = Declaration<AskedRequest>;

/** How far the clock of who says nothing of it may be ahead of ours: what lies further in the future was never a sign-in. */
const CLOCK_SKEW_MS = 30_000;

/** Where a request comes from, and how sure it is who sends it. */
export const CONNECTION: Readonly<Record<string, Declared>> = {
  address: withHint(
    { ip: valueOf('string', ({ exchange }) => exchange.request.peer.address) },
    { country: 'countries', asn: 'asns' },
  ),
  assurance: groupOf<AskedRequest>({
    acr: ofPrincipal('string', ({ assurance }) => assurance.acr ?? undefined),
    amr: ofPrincipal({ list: 'string' }, ({ assurance }) => assurance.amr),
    age: ofPrincipal('duration', (principal, nowMs) => {
      const signedInMs = signedInAt(principal, nowMs);
      // A clock that is ahead of ours by what it may be has signed nobody in later than now.
      return typeof signedInMs === 'number' ? timestampOf(Math.max(0, nowMs - signedInMs)) : signedInMs;
    }),
    signedInAt: ofPrincipal('timestamp', (principal, nowMs) => {
      const signedInMs = signedInAt(principal, nowMs);
      return typeof signedInMs === 'number' ? timestampOf(signedInMs) : signedInMs;
    }),
    bound: ofPrincipal('string', ({ confirmation }) => {
      if (confirmation === null) return 'none';
      return confirmation.key === null ? 'mtls' : 'dpop';
    }),
  }),
  device: groupOf<AskedRequest>({
    certificate: valueOf('string', ({ exchange: { request } }) => {
      const { tls, via } = request.peer;
      // One of a proxy is no client's.
      const certificate = via.length > 0 ? null : (tls?.client ?? null);
      return certificate === null ? undefined : thumbprintOf(certificate);
    }),
  }),
};

function valueOf(type: Type, read: (asked: AskedRequest) => unknown): Declared {
  return { kind: 'value', type, read };
}

function ofPrincipal(type: Type, read: (principal: Principal, nowMs: number) => unknown): Declared {
  return valueOf(type, ({ exchange: { principal, startedAtMs } }) =>
    principal === null ? undefined : read(principal, startedAtMs),
  );
}

/** In milliseconds; undefined where nobody says when, and no reading where it lies in the future. */
function signedInAt({ assurance: { authTimeMs, skewMs } }: Principal, nowMs: number): unknown {
  if (authTimeMs === null) return undefined;
  return authTimeMs - nowMs > (skewMs ?? CLOCK_SKEW_MS) ? UNREADABLE : authTimeMs;
}

/** What lists ask of addresses is asked by them alone: they stand beside the Snapshot, and change while it stands. */
function withHint(members: Readonly<Record<string, Declared>>, listed: Readonly<Record<string, string>>): Declared {
  const known = groupOf<AskedRequest>(members);
  if (known.kind !== 'group') return known;
  const find = (name: string): Declared | Missing => {
    if (!Object.hasOwn(listed, name)) return known.find(name);
    return { kind: 'missing', message: 'rules ask nothing of this', fix: `write deny: { ${listed[name]}: […] }` };
  };
  return { ...known, find };
}
