import { type Declaration, groupOf, type Type } from '../../rules/index.ts';
import type { Principal } from '../principal.ts';
import type { AskedRequest } from './asked-request.ts';

type Declared = Declaration<AskedRequest>;

const LIST_OF_TEXTS: Type = { list: 'string' };

/** Who calls, where nobody is known nothing of it is there. */
export const CALLER: Readonly<Record<string, Declared>> = {
  principal: groupOf<AskedRequest>({
    subject: ofPrincipal('string', ({ subject }) => subject),
    issuer: ofPrincipal('string', ({ issuer }) => issuer),
    kind: ofPrincipal('string', ({ kind }) => kind),
    clientId: ofPrincipal('string', ({ clientId }) => clientId),
    tenant: ofPrincipal('string', ({ tenant }) => tenant),
    roles: ofPrincipal(LIST_OF_TEXTS, ({ roles }) => roles),
    scopes: ofPrincipal(LIST_OF_TEXTS, ({ scopes }) => scopes),
    claims: ofPrincipal('any', ({ claims }) => claims),
    attributes: ofPrincipal('any', ({ attributes }) => attributes ?? null),
  }),
  tenant: ofPrincipal('string', ({ tenant }) => tenant),
};

function ofPrincipal(type: Type, read: (principal: Principal) => unknown): Declared {
  return {
    kind: 'value',
    type,
    read: ({ exchange: { principal } }) => (principal === null ? undefined : (read(principal) ?? undefined)),
  };
}
