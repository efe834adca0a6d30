import { ok } from '../../../base/index.ts';
import { ListGate, type ListMaterial, type ListPair } from '../../../lists/index.ts';
import type { CanonicalRequest } from '../../../wire/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { Exchange } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import type { Principal } from '../../principal.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { ListsConfig } from './config.ts';

/**
 * The kind that lets in by lists: in `admit` by what is known of anybody, and in `authorize`, where somebody has signed in,
 * by the domain of their mail address. Whoever is kept out is told nothing of lists.
 */
export function createListsKind(): PolicyKind<ListsConfig> {
  // Operations come one by one, and those of one API share its lists.
  const made = new WeakMap<ListMaterial, Map<ListPair, ListGate>>();

  function gatesOf(pairs: readonly (ListPair | null)[], { geo }: ListsConfig, material: ListMaterial): ListGate[] {
    const known = made.get(material) ?? new Map<ListPair, ListGate>();
    made.set(material, known);
    return pairs.flatMap((pair) => {
      if (pair === null) return [];
      const gate = known.get(pair) ?? new ListGate(pair, geo, material);
      known.set(pair, gate);
      return [gate];
    });
  }

  return {
    kind: 'lists',
    summary: 'Lets in by lists of addresses, names, countries and methods.',
    schema: null,
    sources: () => [],
    compile: (config, { operations }, { lists }) =>
      compileEach(operations, (operation) => {
        const here = gatesOf([config.own, saidOf(config.operations, operation)], config, lists);
        const mail = [...gatesOf([config.node], config, lists), ...here].filter(({ asksForMail }) => asksForMail);
        return ok(stepsOf(here, mail));
      }),
  };
}

function stepsOf(gates: readonly ListGate[], mail: readonly ListGate[]): Steps {
  return {
    ...(gates.length === 0 ? {} : { admit: admitStep(gates) }),
    ...(mail.length === 0 ? {} : { authorize: mailStep(mail) }),
  };
}

function admitStep(gates: readonly ListGate[]): Step<'admit'> {
  return {
    reads: READS_NOTHING,
    standing: true,
    run({ request }: Exchange): Verdict {
      for (const gate of gates) {
        const rule = listRefusal(gate, request);
        if (rule !== null) return deny({ code: 'access-denied', internal: rule }, rule);
      }
      return PASS;
    },
  };
}

/** The list of a gate that keeps a request out, by its key path, or null. */
export function listRefusal(gate: ListGate, { peer, method, host, headers }: CanonicalRequest): string | null {
  const origins = headers.has('origin') ? headers.all('origin') : null;
  return gate.refusal({ address: peer.address, method, host, origins });
}

function mailStep(gates: readonly ListGate[]): Step<'authorize'> {
  return {
    reads: READS_NOTHING,
    run({ principal }: Exchange): Verdict {
      const facts = mailOf(principal);
      for (const gate of gates) {
        const rule = gate.mailRefusal(facts);
        if (rule !== null) return deny({ code: 'access-denied', internal: rule }, rule);
      }
      return PASS;
    },
  };
}

/** OpenID Connect Core §5.1; some issuers write the second one as text. */
function mailOf(principal: Principal | null): { readonly email: string | null; readonly verified: boolean } {
  const claims = principal?.claims ?? {};
  const { email, email_verified: verified } = claims;
  // A claim that is no text is one of nobody's domain, and not the same as none.
  const text = email === undefined || email === null ? null : typeof email === 'string' ? email : '';
  return { email: text, verified: verified === true || verified === 'true' };
}
